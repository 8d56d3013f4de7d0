import type { GatewayClient, State } from '@gateway/client';
import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';

export const ClientContext = /* @__PURE__ */ createContext<GatewayClient | undefined>(undefined);

export function useClient(): GatewayClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error('There is no <GatewayProvider> around this component.');
  return client;
}

/** The client of the provider around this, and the state of its connection. */
export function useGateway(): { client: GatewayClient; state: State } {
  const client = useClient();
  const state = useSyncExternalStore(
    useCallback((changed) => client.on('state', changed), [client]),
    () => client.state,
    () => 'closed' as const,
  );
  return { client, state };
}
