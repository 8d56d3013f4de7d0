import { useChannel } from '@gateway/react';
import { useCallback, useEffect, useRef, useState } from 'react';

/** Told at most this often while somebody writes. */
const every = 2_000;

/** Not told for this long, they have stopped. */
const over = 4_000;

/** Who is writing in a room just now. It goes over a channel without history: nobody needs it later. */
export function useTyping(room: string, name: string): { typing: string[]; tell: () => void } {
  const [last, setLast] = useState<Record<string, number>>({});
  const told = useRef(0);
  const { publish } = useChannel<string>(`typing:${room}`, {
    limit: 0,
    onMessage: ({ content }) => setLast((last) => ({ ...last, [content]: Date.now() })),
  });

  useEffect(() => {
    const timer = setInterval(() => {
      const writing = (last: Record<string, number>) => Object.entries(last).filter(([, at]) => Date.now() - at < over);
      setLast((last) => (writing(last).length === Object.keys(last).length ? last : Object.fromEntries(writing(last))));
    }, 500);
    return () => clearInterval(timer);
  }, []);

  const tell = useCallback(() => {
    if (Date.now() - told.current < every) return;
    told.current = Date.now();
    void publish(name, { echo: false });
  }, [publish, name]);
  return { typing: Object.keys(last).filter((other) => other !== name), tell };
}
