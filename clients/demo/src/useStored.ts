import { useCallback, useSyncExternalStore } from 'react';

const changed = 'stored-changed';

/** Kept from the first look on, so that a tab opened later finds the same. */
function read(key: string, initial: string): string {
  const stored = localStorage.getItem(key);
  if (stored === null) localStorage.setItem(key, initial);
  return stored ?? initial;
}

/** A text kept in this browser, the same in all of its tabs. */
export function useStored(key: string, initial: string): [string, (value: string) => void] {
  const value = useSyncExternalStore(
    useCallback((tell) => {
      addEventListener('storage', tell);
      addEventListener(changed, tell);
      return () => {
        removeEventListener('storage', tell);
        removeEventListener(changed, tell);
      };
    }, []),
    () => read(key, initial),
  );
  const store = useCallback(
    (next: string) => {
      localStorage.setItem(key, next);
      dispatchEvent(new Event(changed));
    },
    [key],
  );
  return [value, store];
}
