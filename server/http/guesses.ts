/**
 * Slows down whoever guesses the token: after a few wrong ones an address may try once in a while, right or wrong.
 *
 * @module
 */

/** Counts wrong guesses by address. */
export interface Guesses {
  /** Seconds that an address has to wait before it may show a token; 0: it may now. */
  wait(address: string): number;
  wrong(address: string): void;
  right(address: string): void;
}

/** Wrong guesses that are free. */
const FREE = 10;
/** Seconds after which an address that has used them up has one more. */
const EVERY = 5;
/** Addresses that are remembered. */
const MOST = 10_000;

/** Nobody has guessed yet. @param now milliseconds by a clock that never goes back */
export function newGuesses(now: () => number = () => performance.now()): Guesses {
  /** When an address will have all its free guesses again, in milliseconds; the latest to guess comes last. */
  const free = new Map<string, number>();
  return {
    wait(address) {
      const left = (free.get(address) ?? 0) - now() - (FREE - 1) * EVERY * 1000;
      return Math.max(0, Math.ceil(left / 1000));
    },
    wrong(address) {
      const until = Math.max(free.get(address) ?? 0, now()) + EVERY * 1000;
      free.delete(address);
      free.set(address, until);
      if (free.size > MOST) free.delete(free.keys().next().value!);
    },
    right: (address) => void free.delete(address),
  };
}
