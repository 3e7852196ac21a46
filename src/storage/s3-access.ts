import { isLakefrontError, LakefrontError } from '../errors.ts'
import type { AllowedRequest } from './http.ts'
import { amazonFlavor, s3Signer } from './s3-sign.ts'
import type { S3Credentials, SignableRequest, SignatureFlavor } from './s3-sign.ts'

/** A request that an application's signer is asked to allow. Plain data. */
export interface SignRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  readonly bucket: string
  /** Not encoded; empty for a list of the bucket, whose `query.prefix` says what of. */
  readonly key: string
  /** Parameters that have to be in the URL: of parts of an upload, and of lists. */
  readonly query: Readonly<Record<string, string>>
  /** Headers that will be sent and have to be signed, so that a holder of the URL cannot drop them: `if-match`, checksums. */
  readonly conditions: Readonly<Record<string, string>>
  /** Seconds for which the URL should be good. */
  readonly expiry: number
}

/** What a signer answers: the URL, and further headers that have to be sent. */
export interface SignedRequest {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
}

/** An application's signer. Called with several requests at once, when they come together; answers in their order. */
export type SignRequests = (requests: readonly SignRequest[]) => Promise<readonly SignedRequest[]>

/** Gives keys that are good for a while, each time anew. */
export type CredentialsProvider = () => Promise<S3Credentials>

export interface AccessRequest extends SignableRequest {
  /** What a signer is asked; the rest is made of it. */
  readonly ask: Pick<SignRequest, 'bucket' | 'key' | 'query'>
}

/** Where a request gets the right to be made from. */
export interface S3Access {
  /** Whether requests are allowed by URLs, so that bodies are not signed and only single keys can be named. */
  readonly isByUrl: boolean
  sign(request: AccessRequest): Promise<AllowedRequest>
}

/** No proof at all: public objects. */
export const publicAccess: S3Access = {
  isByUrl: false,
  sign: async ({ url, headers }) => ({ url, headers, renew: () => false }),
}

/** Signs with keys, which a function can give anew. They are asked for once for all requests that come together, and never told. */
export function keyAccess(
  credentials: S3Credentials | CredentialsProvider,
  region: string,
  flavor: SignatureFlavor = amazonFlavor,
): S3Access {
  const signerOf = (keys: S3Credentials): ReturnType<typeof s3Signer> => s3Signer(keys, region, { flavor })
  if (typeof credentials !== 'function') {
    const signer = signerOf(credentials)
    return {
      isByUrl: false,
      sign: async (request) => ({
        url: request.url,
        headers: { ...request.headers, ...(await signer(request)) },
        renew: () => false,
      }),
    }
  }
  let current: Promise<ReturnType<typeof s3Signer>> | undefined
  const renewed = async (): Promise<ReturnType<typeof s3Signer>> => {
    const keys = await asked('storage.s3.credentials', credentials)
    if (typeof keys?.accessKeyId !== 'string' || typeof keys.secretAccessKey !== 'string') {
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        'storage.s3.credentials gave no keys. It has to resolve to { accessKeyId, secretAccessKey, sessionToken }.',
      )
    }
    return signerOf(keys)
  }
  return {
    isByUrl: false,
    async sign(request) {
      current ??= renewed()
      const mine = current
      const forget = (): true => {
        if (current === mine) current = undefined
        return true
      }
      const signer = await mine.catch((error: unknown) => {
        forget()
        throw error
      })
      return { url: request.url, headers: { ...request.headers, ...(await signer(request)) }, renew: forget }
    },
  }
}

/** As many as one call of a signer is asked for. */
const largestBatch = 100

/** Seconds. URLs are used at once; reads keep theirs until it is refused. */
const expiry = 900

/** Asks the application's signer. Requests that come together are one call, and a URL for reading is used until it is refused. */
export function signedAccess(sign: SignRequests): S3Access {
  const readable = new Map<string, Promise<SignedRequest>>()
  let waiting: { request: SignRequest; resolve: (signed: SignedRequest) => void; reject: (why: unknown) => void }[] = []

  const flush = async (): Promise<void> => {
    const batch = waiting
    waiting = []
    for (let start = 0; start < batch.length; start += largestBatch) {
      const part = batch.slice(start, start + largestBatch)
      try {
        const signed = await asked('storage.s3.sign', () => sign(part.map(({ request }) => request)))
        part.forEach(({ resolve, reject }, index) => {
          const answer = Array.isArray(signed) ? (signed as readonly SignedRequest[])[index] : undefined
          if (typeof answer?.url === 'string' && URL.canParse(answer.url)) resolve(answer)
          else reject(noUrl())
        })
      } catch (error) {
        for (const { reject } of part) reject(error)
      }
    }
  }

  const ask = (request: SignRequest): Promise<SignedRequest> =>
    new Promise((resolve, reject) => {
      waiting.push({ request, resolve, reject })
      if (waiting.length === 1) setTimeout(() => void flush(), 0)
    })

  return {
    isByUrl: true,
    async sign({ method, headers, ask: named }) {
      const isRead = method === 'GET' || method === 'HEAD'
      // A range is not signed, nor is what a read is pinned to: one URL then serves all reads of an object.
      const conditions = isRead ? {} : lowerCased(headers)
      const request = { ...named, method: method as SignRequest['method'], conditions, expiry }
      if (!isRead || Object.keys(named.query).length > 0) return merged(await ask(request), headers, () => true)
      const name = `${method} ${named.bucket}/${named.key}`
      const known = readable.get(name) ?? ask(request)
      readable.set(name, known)
      const forget = (): true => {
        if (readable.get(name) === known) readable.delete(name)
        return true
      }
      return merged(
        await known.catch((error: unknown) => {
          forget()
          throw error
        }),
        headers,
        forget,
      )
    },
  }
}

function merged(
  { url, headers: added = {} }: SignedRequest,
  headers: Readonly<Record<string, string>>,
  renew: () => boolean,
): AllowedRequest {
  return { url, headers: { ...headers, ...added }, renew }
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** What a function of the application gives; what it throws keeps its code, or says where it is from. */
async function asked<T>(name: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    if (isLakefrontError(cause)) throw cause
    throw new LakefrontError('PERMISSION_DENIED', `${name} failed, so no request to the store can be made.`, { cause })
  }
}

function noUrl(): LakefrontError {
  return new LakefrontError(
    'INVALID_ARGUMENT',
    'storage.s3.sign gave no URL for a request. It has to resolve to one { url, headers } for each request, in their order.',
  )
}
