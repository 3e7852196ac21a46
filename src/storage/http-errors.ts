import { LakefrontError } from '../errors.ts'

/** No usable answer, perhaps the next time. */
export function networkFailed(label: string, what: string, cause?: unknown): LakefrontError {
  return new LakefrontError('NETWORK', `The server of "${label}" ${what}. Check the connection and try again.`, {
    details: { source: label, transient: true },
    ...(cause === undefined ? {} : { cause }),
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
      'and expose ETag, Content-Range, Content-Length, Accept-Ranges and Last-Modified.',
    { details: { source: label, origin, transient: true }, cause },
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
