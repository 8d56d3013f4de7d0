import { useCallback, useSyncExternalStore } from 'react';

const changed = 'stored-changed';

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
    () => localStorage.getItem(key) ?? initial,
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
