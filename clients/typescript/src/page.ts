/**
 * @internal Tells when the page's network came back or went, and when the user looks at the page again: its timers may have stood still.
 * Where there is no page, it tells nothing. What `navigator.onLine` says is not believed any further than that: it is
 * wrong about localhost and some VPNs.
 */
export function watchPage(changed: (cause: 'online' | 'offline' | 'visible') => void): () => void {
  const { document } = globalThis;
  if (!document || !globalThis.addEventListener) return () => {};
  const online = () => changed('online');
  const offline = () => changed('offline');
  const visible = () => document.visibilityState === 'visible' && changed('visible');
  globalThis.addEventListener('online', online);
  globalThis.addEventListener('offline', offline);
  document.addEventListener('visibilitychange', visible);
  return () => {
    globalThis.removeEventListener('online', online);
    globalThis.removeEventListener('offline', offline);
    document.removeEventListener('visibilitychange', visible);
  };
}
