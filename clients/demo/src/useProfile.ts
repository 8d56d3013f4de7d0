import { useStored } from './useStored.js';

const adjectives = ['Calm', 'Swift', 'Bright', 'Quiet', 'Merry', 'Brave', 'Gentle', 'Clever'];
const animals = ['Otter', 'Heron', 'Lynx', 'Robin', 'Badger', 'Falcon', 'Hare', 'Dolphin'];
const oneOf = (words: string[]) => words[Math.floor(Math.random() * words.length)]!;

/** Not randomUUID: there is none on a page that comes over plain HTTP from another machine. */
export const newId = () => [...crypto.getRandomValues(new Uint32Array(2))].map((part) => part.toString(36)).join('');

const visitor = { id: newId(), name: `${oneOf(adjectives)} ${oneOf(animals)}` };

export interface Profile {
  /** Of this browser: all of its tabs are one person. */
  id: string;
  name: string;
  /** Nobody is called nothing: then the name stays. */
  rename: (name: string) => void;
}

export function useProfile(): Profile {
  const [id] = useStored('gateway-demo-id', visitor.id);
  const [name, store] = useStored('gateway-demo-name', visitor.name);
  return { id, name, rename: (next) => void (next.trim() && store(next.trim())) };
}
