import type { Presence } from '@gateway/client';
import { useEffect, useState } from 'react';
import { useClient } from './useGateway.js';

const nobody: Presence = { users: [], info: {}, count: 0 };

/** Who is in the channel, followed while the component is mounted; it shares its subscription with `useChannel`. */
export function usePresence(channel: string | null): Presence {
  const client = useClient();
  const [presence, setPresence] = useState(nobody);
  useEffect(() => {
    setPresence(nobody);
    if (channel === null) return;
    const subscription = client.subscribe(channel);
    subscription.on('presence', ({ users, info, count }) => setPresence({ users, info, count }));
    return () => subscription.unsubscribe();
  }, [client, channel]);
  return presence;
}
