import type { Message } from '@gateway/client';
import { useChannel } from '@gateway/react';
import { useCallback, useState } from 'react';
import type { Person } from './useActivity.js';
import { newId, type Profile } from './useProfile.js';

interface Said {
  id: string;
  by: Person;
  text: string;
}

export interface Line extends Said {
  pictures?: Uint8Array[];
  time?: number;
  state: 'said' | 'waiting' | 'refused';
  /** Why it was refused. */
  problem?: string;
}

const isSaid = (content: unknown): content is Said => {
  const { id, by, text } = (content ?? {}) as Partial<Said>;
  return [id, by?.id, by?.name, text].every((part) => typeof part === 'string');
};

/** Anybody can publish anything, from a shell for example: that is shown as it is. */
function lineOf({ content, attachments: pictures, sender = 'backend', seq, time }: Message): Line {
  if (isSaid(content)) {
    const { id, by, text } = content;
    return { id, by: { id: by.id, name: by.name }, text, pictures, time, state: 'said' };
  }
  const text = typeof content === 'string' ? content : (JSON.stringify(content) ?? '');
  return { id: `${seq}`, by: { id: sender, name: sender }, text, pictures, time, state: 'said' };
}

/** What was said in a room, followed by what was written here and is still on its way. */
export function useChat(room: string, { id, name }: Profile) {
  const { messages, publish, state, recovered, error } = useChannel(`demo:${room}`, { history: 50, limit: 200 });
  const [written, setWritten] = useState<Line[]>([]);

  const say = useCallback(
    async (text: string, pictures?: Uint8Array[]) => {
      const said: Said = { id: newId(), by: { id, name }, text };
      setWritten((written) => [...written, { ...said, pictures, state: 'waiting' }]);
      try {
        await publish(said, { attachments: pictures });
        setWritten((written) => written.filter((line) => line.id !== said.id));
      } catch (refusal) {
        const problem = (refusal as Error).message;
        setWritten((written) =>
          written.map((line) => (line.id === said.id ? { ...line, state: 'refused', problem } : line)),
        );
      }
    },
    [publish, id, name],
  );

  const lines = messages.map(lineOf);
  // The message may be here before its acknowledgement.
  const arrived = new Set(lines.map((line) => line.id));
  return {
    lines: [...lines, ...written.filter((line) => !arrived.has(line.id))],
    position: messages.at(-1)?.seq ?? 0,
    say,
    state,
    recovered,
    error,
  };
}
