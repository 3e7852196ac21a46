import { LakefrontError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import { httpFailed } from './http-errors.ts'
import { element } from './store-xml.ts'

export interface StoreFailure {
  readonly error: LakefrontError
  /** Keys or a URL may have expired. */
  readonly isRefusal: boolean
  /** The request may have had its effect nevertheless. */
  readonly isUncertain: boolean
}

/** What stores say with 4xx and mean to be tried again. */
const passing = ['RequestTimeout', 'SlowDown', 'Throttling', 'TooManyRequests', 'ServerBusy', 'OperationAborted']

const full = [
  'QuotaExceeded',
  'QuotaExceededException',
  'EntityTooLargeForQuota',
  'XMinioStorageFull',
  'InsufficientCapacity',
]

/** What an answer without success means. Reads its body, of which only the store's code is told: the rest may hold a signature. */
export async function storeFailure(label: string, response: Response): Promise<StoreFailure> {
  const { status } = response
  const body = await response.text().catch(() => '')
  return failureOf(label, { status, response, body })
}

/** As {@link storeFailure}, for errors that come with a status of success. */
export function failureInBody(label: string, body: string): LakefrontError | undefined {
  if (!/<Error[\s>]/.test(body)) return undefined
  const code = element(body, 'Code')
  const status = code === 'PreconditionFailed' ? 412 : code === 'InternalError' || code === 'SlowDown' ? 503 : 400
  return failureOf(label, { status, body, response: new Response(null, { status }) }).error
}

function failureOf(
  label: string,
  { status, response, body }: { readonly status: number; readonly response: Response; readonly body: string },
): StoreFailure {
  const code = /^\w{1,64}$/.exec(element(body, 'Code') ?? response.headers.get('x-ms-error-code') ?? '')?.[0]
  const details = { source: label, status, ...(code === undefined ? {} : { storeCode: code }) }
  const make = (name: ErrorCode, message: string, more: object = {}): LakefrontError =>
    new LakefrontError(name, message, { details: { ...details, ...more } })
  const said = code === undefined ? `status ${status}` : `status ${status}, ${code}`
  const certain = (error: LakefrontError): StoreFailure => ({ error, isRefusal: false, isUncertain: false })

  if (full.includes(code ?? '') || status === 507) {
    return certain(make('QUOTA_EXCEEDED', `"${label}" was not written: the store has no room left (${said}).`))
  }
  if (code === 'EntityTooLarge')
    return certain(make('QUOTA_EXCEEDED', `"${label}" was not written: it is larger than the store takes (${said}).`))
  if (passing.includes(code ?? '') && status !== 409) {
    const { details: waited } = httpFailed(label, response)
    return certain(
      make('NETWORK', `The store of "${label}" asks for fewer requests (${said}).`, { ...waited, transient: true }),
    )
  }
  switch (status) {
    case 304:
    case 412:
      return certain(make('PRECONDITION_FAILED', `"${label}" is not the version that was asked for (${said}).`))
    case 409:
      // Azure's word for a blob that must not be there.
      if (code === 'BlobAlreadyExists')
        return certain(make('PRECONDITION_FAILED', `"${label}" is there already (${said}).`))
      return certain(
        make('CONFLICT', `Others write "${label}" at the same time (${said}). Try again.`, { transient: true }),
      )
    case 404:
    case 410:
      return certain(make('NOT_FOUND', `There is nothing at "${label}" (${said}).`))
    case 416:
      return certain(make('INVALID_ARGUMENT', `"${label}" has fewer bytes than were asked for (${said}).`))
  }
  // An answer to HEAD has no body that would tell.
  const isMute = status === 400 && code === undefined
  const isExpired = /Expired|InvalidToken|RequestTimeTooSkewed|AuthenticationFailed/.test(code ?? '')
  if (status === 401 || status === 403 || isExpired || isMute) {
    const advice =
      code === 'RequestTimeTooSkewed'
        ? 'The clock of this machine is wrong.'
        : 'The keys or the signed URL may have expired, or do not allow this.'
    const error = make('PERMISSION_DENIED', `The store refused access to "${label}" (${said}). ${advice}`)
    return { error, isRefusal: true, isUncertain: false }
  }
  const failed = httpFailed(label, response)
  const error =
    code === undefined ? failed : make('NETWORK', `The store of "${label}" answered ${said}.`, failed.details)
  return { error, isRefusal: false, isUncertain: status >= 500 && status !== 501 && code !== 'SlowDown' }
}
