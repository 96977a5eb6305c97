/**
 * Passwords in URLs, which no message, log or event may show.
 *
 * @module
 */

/** `scheme://user:password@`, up to the last `@` before the path: a password may have one that is not encoded. */
const PASSWORD = /\b([a-z][a-z\d+.-]*:\/\/[^\s:/?#@"']*):[^\s/?#"']*@/gi;
/** `?password=…`, as drivers of databases take it too. */
const PARAMETER = /([?&][a-z_-]*(?:password|passwd|secret|token)=)[^&\s"'#]+/gi;

/** A text with every password of a URL in it replaced by `***`. */
export function withoutSecrets(text: string): string {
  return text.replace(PASSWORD, "$1:***@").replace(PARAMETER, "$1***");
}
