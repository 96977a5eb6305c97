/**
 * The server's token, and the codes of sessions, which only the token can make. By Web Crypto alone, which every host has.
 *
 * @module
 */

/** What is made with a token. */
export interface Secrets {
  /** Whether a text is the token, in a time that tells nothing of either. */
  isToken(text: string): Promise<boolean>;
  /** The code of a new session. */
  newSession(): Promise<string>;
  /** Whether a code is one of {@link newSession} that has neither lapsed nor been ended. */
  isSession(code: string): Promise<boolean>;
  /** Ends a session: its code is worth nothing to this process any more. */
  end(code: string): Promise<void>;
}

/** How long a session lasts, in seconds: a week. */
export const SESSION_SECONDS = 7 * 24 * 3600;
/** Sessions that were ended before their time and are remembered. */
const MOST_ENDED = 10_000;

/** The secrets of a token. */
export function secretsOf(token: string): Secrets {
  /** Codes that were ended, with the second in which they lapse anyway. */
  const ended = new Map<string, number>();
  const now = (): number => Math.floor(Date.now() / 1000);
  let known: CryptoKey | undefined;
  const key = async (): Promise<CryptoKey> => {
    known ??= await crypto.subtle.importKey("raw", bytesOf(token), { name: "HMAC", hash: "SHA-256" }, false, [
      "sign",
      "verify",
    ]);
    return known;
  };
  const sign = async (text: string): Promise<ArrayBuffer> =>
    await crypto.subtle.sign("HMAC", await key(), bytesOf(text));
  const isSigned = async (text: string, signature: BufferSource): Promise<boolean> =>
    await crypto.subtle.verify("HMAC", await key(), signature, bytesOf(text));
  const isSession = async (code: string): Promise<boolean> => {
    const [lapses = "", nonce = "", signature = ""] = code.split(".");
    if (!(Number(lapses) > now()) || ended.has(code)) return false;
    const bytes = decoded(signature);
    return bytes !== undefined && (await isSigned(sessionText(lapses, nonce), bytes));
  };
  return {
    isToken: async (text) => await isSigned(text, await sign(token)),
    async newSession() {
      const lapses = String(now() + SESSION_SECONDS);
      const nonce = crypto.randomUUID();
      return `${lapses}.${nonce}.${encoded(await sign(sessionText(lapses, nonce)))}`;
    },
    isSession,
    async end(code) {
      if (!(await isSession(code))) return;
      for (const [other, lapses] of ended)
        if (lapses <= now() || ended.size >= MOST_ENDED) ended.delete(other);
      ended.set(code, Number(code.split(".")[0]));
    },
  };
}

function sessionText(lapses: string, nonce: string): string {
  return `dsgan session ${lapses}.${nonce}`;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** As base64url. */
function encoded(bytes: ArrayBuffer): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decoded(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]{1,100}$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  } catch {
    return undefined;
  }
}
