/**
 * Asks again and again while somebody looks.
 *
 * @param {() => Promise<void>} ask
 * @param {number} every milliseconds
 * @returns {{ now(): void, close(): void }}
 */
export function polling(ask, every) {
  let timer = 0;
  let closed = false;
  let asking = false;
  let again = false;
  const turn = async () => {
    clearTimeout(timer);
    if (closed) return;
    again = asking;
    if (asking) return;
    asking = true;
    await ask();
    asking = false;
    if (closed) return;
    if (again) void turn();
    else timer = window.setTimeout(turn, document.hidden ? 5 * every : every);
  };
  const seen = () => {
    if (!document.hidden) void turn();
  };
  document.addEventListener("visibilitychange", seen);
  void turn();
  return {
    now: () => void turn(),
    close() {
      closed = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    },
  };
}
