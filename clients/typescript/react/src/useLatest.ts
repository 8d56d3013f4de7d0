import { type RefObject, useEffect, useRef } from 'react';

/** What was given with the last render, for callbacks that come later: that it changed is no reason to begin anything anew. */
export function useLatest<T>(value: T): RefObject<T> {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}
