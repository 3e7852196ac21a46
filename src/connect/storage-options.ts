import { byteSize } from '../config/byte-size.ts'
import { LakefrontError } from '../errors.ts'
import { checkedLimit } from '../storage/fetch-scope.ts'
import type { FetchLimit } from '../storage/fetch-scope.ts'
import type { AzureOptions } from '../storage/azure-storage.ts'
import type { StorageCalls, StorageOptions } from '../storage/open-storage.ts'
import type { R2Buckets } from '../storage/r2-storage.ts'
import type { RetryOptions } from '../storage/retry.ts'
import type { S3Options } from '../storage/s3.ts'
import { checkNames } from './check-names.ts'

/** What of files on other computers is kept as it was fetched, by address without query string and by version. */
export interface RangeCacheOptions {
  /** In memory: bytes, or text such as `'64MB'`, the default. */
  readonly memory?: number | string
  /**
   * In files of the browser's, beyond the session: bytes, or text such as `'1GB'`. Files whose server cannot be reached are then answered
   * from there, as they were last seen, with a warning in the metrics. Default false.
   */
  readonly persistent?: false | number | string
}

/** How files are fetched. */
export interface FileOptions {
  /**
   * Gives another URL of a file whose own was refused with 401 or 403, as signed URLs are once they have expired. Called once per expiry
   * with the URL without its query string.
   */
  readonly renewUrl?: (label: string) => Promise<string>
  /** How long a file is taken to be what it was, in seconds; `'always'`, the default, asks once in every statement. */
  readonly revalidate?: 'always' | number
  /**
   * Where `s3://bucket/key` is, and how to prove who asks. Keys in a page can be read by whoever opens it: for others than you, have your
   * server sign URLs.
   */
  readonly s3?: S3Options
  /**
   * Where `az://container/key` is: the account's endpoint, and a shared access signature (the part behind the `?`), or a function that gives one and
   * is called again when it is refused.
   */
  readonly azure?: Pick<AzureOptions, 'endpoint' | 'sas'>
  /**
   * Buckets that a Worker is bound to, by the names that URLs have them by: `{ LAKE: env.LAKE }` for `r2://LAKE/folder/file.parquet`. Bindings cannot be
   * sent to another thread, so only with `worker: false`, and with sessions of other systems.
   */
  readonly r2?: R2Buckets
  /** Requests that fail for a passing reason: how often they are made, and how long is waited between. */
  readonly retry?: RetryOptions
  /** An answer that is silent for so long counts as lost. Default 30,000. */
  readonly stallMilliseconds?: number
}

const rangeCacheNames = ['memory', 'persistent']
const fileNames = ['renewUrl', 'revalidate', 's3', 'azure', 'r2', 'retry', 'stallMilliseconds']
const s3Names = ['endpoint', 'region', 'credentials', 'sign', 'pathStyle']
const azureNames = ['endpoint', 'sas']
const credentialNames = ['accessKeyId', 'secretAccessKey', 'sessionToken']
const retryNames = ['attempts', 'baseMilliseconds', 'maximumMilliseconds']

/** The options of files and of what is kept of them, checked and as plain data. */
export function storageOptions(options: {
  readonly rangeCache?: RangeCacheOptions
  readonly fetchLimit?: FetchLimit
  readonly storage?: FileOptions
}): StorageOptions {
  const { rangeCache = {}, fetchLimit, storage = {} } = options
  checkNames('rangeCache', rangeCache, rangeCacheNames)
  checkNames('storage', storage, fileNames)
  checkNames('fetchLimit', fetchLimit ?? {}, ['bytes', 'requests'])
  if (fetchLimit !== undefined) checkedLimit(fetchLimit)
  const { memory, persistent = false } = rangeCache
  const { renewUrl, revalidate = 'always', s3, azure, r2, retry, stallMilliseconds } = storage
  if (renewUrl !== undefined && typeof renewUrl !== 'function') {
    throw wrong(
      'storage.renewUrl',
      'is not a function. Give one that takes a URL without query and resolves to a new one',
    )
  }
  if (revalidate !== 'always') checkNumber('storage.revalidate', revalidate, "a number of seconds, or 'always'")
  if (stallMilliseconds !== undefined)
    checkNumber('storage.stallMilliseconds', stallMilliseconds, 'a number of milliseconds')
  if (s3 !== undefined) checkS3(s3)
  if (azure !== undefined) checkAzure(azure)
  if (r2 !== undefined) checkR2(r2)
  checkNames('storage.retry', retry ?? {}, retryNames)
  for (const [name, value] of Object.entries(retry ?? {})) checkNumber(`storage.retry.${name}`, value, 'a number')
  return {
    ...(memory === undefined ? {} : { memoryBytes: byteSize(memory, 'rangeCache.memory') }),
    ...(persistent === false ? {} : { persistentBytes: byteSize(persistent, 'rangeCache.persistent') }),
    ...(fetchLimit === undefined ? {} : { fetchLimit: { ...fetchLimit } }),
    ...(revalidate === 'always' ? {} : { revalidateSeconds: revalidate }),
    ...(s3 === undefined ? {} : { s3: plainS3(s3) }),
    ...(azure === undefined ? {} : { azure: plainAzure(azure) }),
    ...(retry === undefined ? {} : { retry: { ...retry } }),
    ...(stallMilliseconds === undefined ? {} : { stallMilliseconds }),
    asks: Object.keys(functionsOf(storage)) as NonNullable<StorageOptions['asks']>,
  }
}

/** What the storage may ask of the application: the options that cannot be sent to a worker. */
export function storageCalls({ r2, ...options }: FileOptions = {}): StorageCalls {
  return { ...functionsOf(options), ...(r2 === undefined ? {} : { r2 }) }
}

function functionsOf({ renewUrl, s3, azure }: FileOptions): Omit<StorageCalls, 'r2'> {
  const { credentials, sign } = s3 ?? {}
  const { sas } = azure ?? {}
  return {
    ...(renewUrl === undefined ? {} : { renewUrl }),
    ...(typeof credentials === 'function' ? { s3Credentials: credentials } : {}),
    ...(sign === undefined ? {} : { s3Sign: sign }),
    ...(typeof sas === 'function' ? { azureSas: sas } : {}),
  }
}

function plainS3(s3: S3Options): NonNullable<StorageOptions['s3']> {
  const plain = Object.entries(s3).filter(([, value]) => typeof value !== 'function')
  return structuredClone(Object.fromEntries(plain)) as NonNullable<StorageOptions['s3']>
}

/** Names options only: credentials must not get into a message. */
function checkS3(s3: S3Options): void {
  checkNames('storage.s3', s3, s3Names)
  const { endpoint, credentials, sign } = s3
  if (endpoint !== undefined && !/^https?:/.test(endpoint)) {
    throw wrong('storage.s3.endpoint', 'is not a URL. Give one such as "https://s3.example.com"')
  }
  if (sign !== undefined && typeof sign !== 'function') {
    throw wrong(
      'storage.s3.sign',
      'is not a function. Give one that takes requests and resolves to { url, headers } for each',
    )
  }
  if (sign !== undefined && credentials !== undefined) {
    throw wrong('storage.s3', 'has both sign and credentials. Give one of them')
  }
  if (credentials === undefined || typeof credentials === 'function') return
  checkNames('storage.s3.credentials', credentials, credentialNames)
  for (const name of ['accessKeyId', 'secretAccessKey'] as const) {
    if (typeof credentials[name] !== 'string' || credentials[name] === '')
      throw wrong(`storage.s3.credentials.${name}`, 'is missing')
  }
}

function plainAzure({ endpoint, sas }: AzureOptions): NonNullable<StorageOptions['azure']> {
  return { endpoint, ...(typeof sas === 'string' ? { sas } : {}) }
}

function checkAzure(azure: AzureOptions): void {
  checkNames('storage.azure', azure, azureNames)
  const { endpoint, sas } = azure
  if (typeof endpoint !== 'string' || !/^https?:/.test(endpoint) || !URL.canParse(endpoint)) {
    throw wrong('storage.azure.endpoint', 'is not a URL. Give one such as "https://account.blob.core.windows.net"')
  }
  if (sas !== undefined && typeof sas !== 'string' && typeof sas !== 'function') {
    throw wrong(
      'storage.azure.sas',
      'is neither text nor a function. Give the part of a shared access signature behind the "?"',
    )
  }
}

function checkR2(buckets: R2Buckets): void {
  for (const [name, bucket] of Object.entries(buckets)) {
    if (name === '' || /[/?#]/.test(name)) throw wrong('storage.r2', `"${name}" cannot stand in a URL`)
    const isBucket = ['head', 'get', 'put', 'delete', 'list'].every(
      (method) => typeof (bucket as unknown as Record<string, unknown> | null)?.[method] === 'function',
    )
    if (!isBucket) throw wrong(`storage.r2.${name}`, 'is not a bucket. Give a binding of the Worker, such as env.LAKE')
  }
}

function checkNumber(option: string, value: unknown, what: string): void {
  if (typeof value !== 'number' || !(value >= 0)) throw wrong(option, `${JSON.stringify(value)} is not ${what}`)
}

function wrong(option: string, what: string): LakefrontError {
  return new LakefrontError('INVALID_ARGUMENT', `${option}: ${what}.`, { details: { option } })
}
