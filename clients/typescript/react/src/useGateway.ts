import type { GatewayClient, StateChange } from '@gateway/client';
import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';

export const ClientContext = /* @__PURE__ */ createContext<GatewayClient | undefined>(undefined);

export function useClient(): GatewayClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error('There is no <GatewayProvider> around this component.');
  return client;
}

const closed: StateChange = { state: 'closed' };

/** The client of the provider around this, the state of its connection, and why it is in that. */
export function useGateway(): { client: GatewayClient } & StateChange {
  const client = useClient();
  const status = useSyncExternalStore(
    useCallback((changed) => client.on('state', changed), [client]),
    () => client.status,
    () => closed,
  );
  return { client, ...status };
}
