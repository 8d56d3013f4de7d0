import { useChannel, useGateway, usePresence } from '@gateway/react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Profile } from './useProfile.js';

/** Told at most this often while somebody writes. */
const every = 2_000;

/** Not told for this long, they have stopped. */
const over = 4_000;

export interface Person {
  id: string;
  name: string;
}

interface Activity extends Person {
  typing: boolean;
}

type Known = Record<string, Activity & { at: number }>;

const nobody: string[] = [];

/** The same where all who were writing still are. */
function withoutStopped(known: Known): Known {
  const stopped = Object.entries(known).filter(([, { typing, at }]) => typing && Date.now() - at >= over);
  if (!stopped.length) return known;
  return { ...known, ...Object.fromEntries(stopped.map(([user, last]) => [user, { ...last, typing: false }])) };
}

/**
 * Who is in a room, and who of them is writing. Presence knows connections; what their people are called they tell each
 * other, over a channel without history: nobody needs it later.
 */
export function useActivity(room: string, { id, name }: Profile) {
  const { client } = useGateway();
  const [known, setKnown] = useState<Known>({});
  const channel = `demo-activity:${room}`;
  // Before presence, so that who sees somebody come is heard by them.
  const { state } = useChannel<Activity>(channel, {
    limit: 0,
    onMessage: ({ content, sender }) => {
      // Anybody can publish anything.
      if (sender === undefined || typeof content?.id !== 'string' || typeof content.name !== 'string') return;
      setKnown((known) => ({ ...known, [sender]: { ...content, at: Date.now() } }));
    },
  });
  const { users = nobody, count } = usePresence(`demo:${room}`);
  const toldAt = useRef(0);
  const present = useRef(new Set<string>());

  const tell = useCallback(
    (typing: boolean) => {
      // Later it would not be true any more.
      if (client.state === 'connected') void client.publish(channel, { id, name, typing }, { echo: false });
    },
    [client, channel, id, name],
  );

  useEffect(() => {
    if (state === 'subscribed') tell(false);
  }, [state, tell]);

  useEffect(() => {
    // Whoever has just come knows nobody yet.
    if (users.some((user) => !present.current.has(user))) tell(false);
    present.current = new Set(users);
  }, [users, tell]);

  useEffect(() => {
    const timer = setInterval(() => setKnown(withoutStopped), 500);
    return () => clearInterval(timer);
  }, []);

  const typed = useCallback(
    (text: string) => {
      if (text && Date.now() - toldAt.current < every) return;
      toldAt.current = text ? Date.now() : 0;
      tell(text !== '');
    },
    [tell],
  );

  // All tabs of one browser are one person.
  const people = new Map<string, Person>();
  for (const user of users) {
    const person = known[user] ?? { id: user === client.session?.user ? id : user, name: 'Somebody' };
    people.set(person.id, person.id === id ? { id, name } : person);
  }
  const typing = users.map((user) => known[user]).filter((other) => other?.typing && other.id !== id);
  return {
    people: [...people.values()],
    /** More than `people` where a room is so full that presence tells only the number. */
    count: Math.max(count - users.length, 0) + people.size,
    typing: [...new Set(typing.map((other) => other!.name))],
    typed,
  };
}
