const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/** Calls `lock` whenever nobody has touched this page for `wait_ms`; the answer stops watching. */
export function idleAfter(wait_ms: number, lock: () => void): () => void {
  let timer = setTimeout(lock, wait_ms);
  const awake = () => {
    clearTimeout(timer);
    timer = setTimeout(lock, wait_ms);
  };
  for (const sign of SIGNS) addEventListener(sign, awake, { passive: true });
  return () => {
    clearTimeout(timer);
    for (const sign of SIGNS) removeEventListener(sign, awake);
  };
}
