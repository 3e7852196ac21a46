import { LakefrontError } from '../errors.ts'

/** No usable answer, perhaps the next time. */
export function networkFailed(label: string, what: string, cause?: unknown): LakefrontError {
  return new LakefrontError('NETWORK', `The server of "${label}" ${what}. Check the connection and try again.`, {
    details: { source: label, transient: true },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** No answer at all: the network may be down. */
export function unreachable(label: string, cause: unknown): LakefrontError {
  return new LakefrontError('NETWORK', `The server of "${label}" did not answer. Check the connection and try again.`, {
    details: { source: label, transient: true, unreachable: true },
    cause,
  })
}

/** An answer with a status that is no success and has no code of its own. */
export function httpFailed(label: string, response: Response): LakefrontError {
  const { status } = response
  const transient = status === 408 || status === 429 || status >= 500
  const wait = retryAfterMilliseconds(response)
  return new LakefrontError('NETWORK', `The server of "${label}" answered with status ${status}.`, {
    details: { source: label, status, transient, ...(wait === undefined ? {} : { retryAfterMilliseconds: wait }) },
  })
}

/** An answer that breaks the rules of HTTP, as any further one would. */
export function wrongAnswer(label: string, what: string): LakefrontError {
  return new LakefrontError('NETWORK', `The server of "${label}" ${what}.`, { details: { source: label } })
}

/** A server that cannot send parts, and an object that is too large to be read as a whole. */
export function tooLargeWhole(label: string, limit: number): LakefrontError {
  return new LakefrontError(
    'UNSUPPORTED',
    `"${label}" cannot be read: its server ignores range requests, and more than ${limit} bytes are not downloaded as a whole. ` +
      'Serve the file where ranges are supported, or pass it as a File or bytes.',
    { details: { source: label, limit } },
  )
}

export function notFound(label: string, status: number): LakefrontError {
  return new LakefrontError('NOT_FOUND', `There is nothing at "${label}" (status ${status}). Check the URL.`, {
    details: { source: label, status },
  })
}

export function accessDenied(label: string, status: number): LakefrontError {
  return new LakefrontError(
    'PERMISSION_DENIED',
    `The server of "${label}" refused access (status ${status}). The URL's signature may have expired, or credentials are missing.`,
    { details: { source: label, status } },
  )
}

/** Browsers do not tell a refusal of theirs from a dead network, so this says both. */
export function corsRefused(label: string, cause: unknown): LakefrontError {
  const origin = globalThis.location.origin
  return new LakefrontError(
    'CORS',
    `The browser got no answer from "${label}" that it may show to ${origin}: either the server cannot be reached, or it does not allow this page. ` +
      `The server must send Access-Control-Allow-Origin: ${origin}, allow the methods GET and HEAD and the header Range, ` +
      'and expose ETag, Content-Range, Content-Length, Accept-Ranges and Last-Modified. A Content-Security-Policy of this site must allow it too (connect-src).',
    { details: { source: label, origin, transient: true, unreachable: true }, cause },
  )
}

/** Whether this is a page or worker of another origin than `url`; never so outside browsers. */
export function isCrossOrigin(url: URL): boolean {
  const here = (globalThis as { location?: { origin?: string } }).location?.origin
  return here !== undefined && here !== url.origin
}

function retryAfterMilliseconds(response: Response): number | undefined {
  const value = response.headers.get('retry-after')
  if (value === null) return undefined
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}
