/** `run` once things have been quiet for `wait_ms`, but never later than four waits after the first call. */
export function settled(run: () => void, wait_ms: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let first = 0;
  return () => {
    const now = Date.now();
    if (timer === undefined) first = now;
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        timer = undefined;
        run();
      },
      Math.max(0, Math.min(wait_ms, first + 4 * wait_ms - now)),
    );
  };
}
