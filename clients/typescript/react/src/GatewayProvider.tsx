import { type ClientOptions, GatewayClient } from '@gateway/client';
import { type ReactNode, useEffect, useMemo } from 'react';
import { ClientContext } from './useGateway.js';
import { useLatest } from './useLatest.js';

export type GatewayProviderProps = { children?: ReactNode } & (
    | ({
          /** Where the gateway is: another address makes another client. */ url: string;
          client?: undefined;
      } & ClientOptions)
    | { /** A client that the application made, connects and closes itself. */ client: GatewayClient; url?: undefined }
);

/** Gives the components in it a client: one of its own, connected while it is mounted, or the one it is given. */
export function GatewayProvider({ children, client: given, url, ...options }: GatewayProviderProps): ReactNode {
    const latest = useLatest<ClientOptions>(options);
    // The options are those of the first render; the token callback is always that of the last.
    const client = useMemo(() => {
        if (given) return given;
        const { token } = options as ClientOptions;
        return new GatewayClient(url!, {
            ...options,
            token: typeof token === 'function' ? (context) => (latest.current.token as typeof token)(context) : token,
        });
    }, [given, url]);
    useEffect(() => {
        if (given) return;
        void client.connect();
        return () => void client.close();
    }, [client, given]);
    return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>;
}
