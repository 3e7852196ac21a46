import { objectUrl } from '../storage/s3.ts'
import { s3Presign } from '../storage/s3-sign.ts'
import type { S3Credentials } from '../storage/s3-sign.ts'
import { checkKey } from '../storage/storage-key.ts'
import type { SignedRequest, SignRequest } from '../storage/s3-access.ts'
export type { SignedRequest, SignRequest } from '../storage/s3-access.ts'
export type { S3Credentials } from '../storage/s3-sign.ts'

/** What the sender of a request may touch. */
export interface Grant {
  readonly bucket: string
  /** Keys begin with one of these; each ends in `/`, such as `tenants/7/`, and none is empty. */
  readonly prefixes: readonly string[]
  /** Whether objects may be written and removed. Default false. */
  readonly writes?: boolean
}

export interface SignerOptions {
  /** Who sent the request, by cookie or token, and what they may touch; `undefined` for nobody. Called once per HTTP request. */
  readonly authorize: (request: Request) => Promise<Grant | undefined> | Grant | undefined
  readonly credentials: S3Credentials | (() => Promise<S3Credentials>)
  /** Default `us-east-1`. */
  readonly region?: string
  /** Such as `https://<account>.r2.cloudflarestorage.com`. Default: AWS, in the region. */
  readonly endpoint?: string
  /** Seconds that a URL is good for, at most. Default 900. */
  readonly longestExpiry?: number
}

const mostRequests = 100
const longestBody = 1_000_000

/** Headers that may be asked to be signed: the conditions and checksums of a write, and its type. */
const signable =
  /^(if-match|if-none-match|content-type|x-amz-checksum-[a-z0-9]{1,12}|x-amz-checksum-algorithm|x-amz-copy-source)$/

/**
 * A function that answers the requests of `storage.s3.sign`: a JSON array of {@link SignRequest} by POST, with an array of {@link SignedRequest}. Signs URLs for
 * single keys below the sender's prefixes, with conditions among the signed headers, and refuses a whole batch for one request that is not allowed. Takes and
 * gives what Fetch does, so it runs on Node, Deno and Workers. Limit by whom you answer, and how often, around it.
 */
export function createSigner(options: SignerOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'POST') return refusal(405, 'Send requests by POST.')
    const grant = await options.authorize(request)
    if (grant === undefined) return refusal(401, 'Sign in first.')
    checkGrant(grant)
    const asked = await requestsOf(request)
    if (typeof asked === 'string') return refusal(400, asked)
    for (const [index, one] of asked.entries()) {
      const problem = problemOf(one, grant)
      if (problem !== undefined) return refusal(403, `Request ${index} is not allowed: ${problem}.`)
    }
    const { credentials } = options
    const keys = typeof credentials === 'function' ? await credentials() : credentials
    const signed = await Promise.all((asked as SignRequest[]).map((one) => sign(one, keys, options)))
    return Response.json(signed, { headers: { 'cache-control': 'no-store' } })
  }
}

async function sign(
  { method, bucket, key, query, conditions, expiry }: SignRequest,
  credentials: S3Credentials,
  { region = 'us-east-1', endpoint, longestExpiry = 900 }: SignerOptions,
): Promise<SignedRequest> {
  const url = new URL(objectUrl(bucket, key, { region, ...(endpoint === undefined ? {} : { endpoint }) }))
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  const expirySeconds = Math.min(expiry, longestExpiry)
  return {
    url: await s3Presign(credentials, region, { method, url: url.href, headers: conditions, expirySeconds }),
    headers: conditions,
  }
}

/** The requests in a body, or what is wrong with it. */
async function requestsOf(request: Request): Promise<readonly unknown[] | string> {
  if (Number(request.headers.get('content-length') ?? 0) > longestBody) return 'The body is too long.'
  const text = await request.text().catch(() => '')
  if (text.length > longestBody) return 'The body is too long.'
  try {
    const asked: unknown = JSON.parse(text)
    if (Array.isArray(asked) && asked.length > 0 && asked.length <= mostRequests) return asked as unknown[]
  } catch {
    // Answered below.
  }
  return `The body has to be a JSON array of 1 to ${mostRequests} requests.`
}

/** A mistake of the application in its grant must not open a bucket. */
function checkGrant({ bucket, prefixes }: Grant): void {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || prefixes.length === 0)
    throw new TypeError('authorize() gave no bucket or no prefix.')
  for (const prefix of prefixes) {
    if (!prefix.endsWith('/'))
      throw new TypeError('A prefix of a grant has to end in "/", or it would let in its neighbours.')
    checkKey(prefix.slice(0, -1))
  }
}

function problemOf(asked: unknown, grant: Grant): string | undefined {
  if (typeof asked !== 'object' || asked === null) return 'it is no object'
  const { method, bucket, key, query, conditions, expiry } = asked as Partial<Record<keyof SignRequest, unknown>>
  if (!isTexts(query) || !isTexts(conditions)) return 'query and conditions have to be objects of texts'
  if (typeof key !== 'string' || typeof method !== 'string') return 'it has no key or no method'
  if (bucket !== grant.bucket) return 'the bucket is another'
  if (!Number.isInteger(expiry) || (expiry as number) < 1) return 'the expiry is no number of seconds'
  const header = Object.keys(conditions).find((name) => !signable.test(name))
  if (header !== undefined) return `the header ${JSON.stringify(header)} may not be set`
  // oxlint-disable-next-line no-control-regex
  if (Object.values(conditions).some((value) => !/^[\u0020-\u007e]*$/.test(value)))
    return 'a header has characters that headers have not'
  if (key === '') return listProblem(method, { query, conditions, grant })
  return keyProblem(key, grant) ?? verbProblem(method, { query, conditions, grant })
}

interface Asked {
  readonly query: Readonly<Record<string, string>>
  readonly conditions: Readonly<Record<string, string>>
  readonly grant: Grant
}

/** Lists are the only requests without a key. Their prefix is in the URL, so a store keeps to it. */
function listProblem(method: string, { query, conditions, grant }: Asked): string | undefined {
  if (method !== 'GET' || query['list-type'] !== '2' || Object.keys(conditions).length > 0) return 'it has no key'
  const known = ['list-type', 'encoding-type', 'prefix', 'delimiter', 'start-after', 'max-keys', 'continuation-token']
  const other = Object.keys(query).find((name) => !known.includes(name))
  if (other !== undefined) return `the parameter ${JSON.stringify(other)} is not one of lists`
  const { prefix = '' } = query
  if (grant.prefixes.includes(prefix)) return undefined
  return keyProblem(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix, grant)
}

function verbProblem(method: string, { query, conditions, grant }: Asked): string | undefined {
  const names = Object.keys(query).sort().join()
  const copied = conditions['x-amz-copy-source']
  if (method === 'GET' || method === 'HEAD') {
    if (names !== '' && !/^(part-number-marker,)?uploadId$/.test(names)) return 'reads have no such parameters'
    return Object.keys(conditions).length === 0 ? undefined : 'reads have no conditions to sign'
  }
  if (grant.writes !== true) return 'nothing may be written'
  if (copied !== undefined) {
    if (method !== 'PUT' || names !== '') return 'only a PUT copies'
    return copyProblem(copied, grant)
  }
  if (method === 'PUT' && (names === '' || names === 'partNumber,uploadId')) return undefined
  if (method === 'POST' && (names === 'uploads' || names === 'uploadId')) return undefined
  if (method === 'DELETE' && (names === '' || names === 'uploadId')) return undefined
  return `${JSON.stringify(method)} with these parameters is not one of the requests that storage makes`
}

/** What is copied has to be the sender's as well. */
function copyProblem(source: string, grant: Grant): string | undefined {
  const start = `/${grant.bucket}/`
  if (!source.startsWith(start)) return 'it copies from another bucket'
  try {
    const key = decodeURIComponent(source.slice(start.length))
    // A store that decodes once more, or takes a version, must not find another object.
    return key.includes('?') || source.includes('?') ? 'it copies a version' : keyProblem(key, grant)
  } catch {
    return 'what it copies is not encoded right'
  }
}

/**
 * Keys are compared as they are, code unit by code unit: nothing is decoded, joined or normalized, here or by the store. What a part of
 * the way could take for another path is refused: parts that are dots, plain or as percent codes, empty parts, backslashes, control characters.
 */
function keyProblem(key: string, { prefixes }: Grant): string | undefined {
  try {
    checkKey(key)
  } catch {
    return 'the key is not a plain relative path'
  }
  let decoded = key
  for (let times = 0; times < 4 && decoded.includes('%'); times++) {
    decoded = decoded.replace(/%(2e|2f|5c|00|25)/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)))
    if (/(^|[/\\])\.\.?($|[/\\])|\0/.test(decoded)) return 'the key hides a path in percent codes'
  }
  if (
    key
      .normalize('NFKC')
      .split('/')
      .some((part) => part === '.' || part === '..')
  )
    return 'the key hides a path in look-alikes'
  return prefixes.some((prefix) => key.startsWith(prefix) && key.length > prefix.length)
    ? undefined
    : 'the key is not below what is yours'
}

function isTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === 'string')
  )
}

function refusal(status: number, message: string): Response {
  return Response.json({ error: message }, { status, headers: { 'cache-control': 'no-store' } })
}
