import { LakefrontError } from '../errors.ts'
import { httpSource } from './http.ts'
import type { HttpOptions, NetworkSource } from './http.ts'
import { keyAccess, publicAccess, signedAccess } from './s3-access.ts'
import type { CredentialsProvider, S3Access, SignRequests } from './s3-access.ts'
import { amazonFlavor, googleFlavor, s3Encode } from './s3-sign.ts'
import type { S3Credentials } from './s3-sign.ts'

/** Where `s3://` is, and how requests get the right to be made: by `sign`, by `credentials`, or not at all. */
export interface S3Options {
  /** Such as `https://minio.example:9000`. Default: AWS, in the region. */
  readonly endpoint?: string
  /** Default `us-east-1`. */
  readonly region?: string
  /**
   * Keys, or a function that gives keys which are good for a while, called again when they are refused. Without them and `sign`, requests are not
   * signed: public objects. Long-lived keys in a page can be read by whoever opens it.
   */
  readonly credentials?: S3Credentials | CredentialsProvider
  /** Asks your server for signed URLs: no keys in the page. See `lakefront/signer` for the other side. */
  readonly sign?: SignRequests
  /** Whether the bucket stands in the path in place of the host's name. Default: with an endpoint, or for a bucket with dots. */
  readonly pathStyle?: boolean
}

/** The host whose conditions are Google's own, over the same requests. */
const googleHost = 'storage.googleapis.com'

/** An object of S3 or a store that speaks its language, by `s3://bucket/key`; read as any URL is. */
export function s3Source(
  reference: string,
  options: S3Options = {},
  http: HttpOptions & { readonly s3Access?: S3Access } = {},
): NetworkSource {
  const { s3Access = accessOf(options), ...rest } = http
  const { bucket, key } = s3Name(reference)
  return httpSource(s3Url(reference, options), {
    ...rest,
    label: reference,
    warnings: keyWarnings(options),
    access: { sign: (request) => s3Access.sign({ ...request, ask: { bucket, key, query: {} } }) },
  })
}

/** How the requests of these options get the right to be made. */
export function accessOf(options: S3Options): S3Access {
  const { sign, credentials, region = 'us-east-1' } = options
  if (sign !== undefined) return signedAccess(sign)
  if (credentials === undefined) return publicAccess
  return keyAccess(credentials, region, isGoogle(options) ? googleFlavor : amazonFlavor)
}

/** Whether conditions are generations, as in Google's store, and not validators. */
export function isGoogle({ endpoint }: S3Options): boolean {
  return (
    endpoint !== undefined &&
    (new URL(endpoint).host === googleHost || new URL(endpoint).host.endsWith(`.${googleHost}`))
  )
}

/** Keys without an end, in a page or its worker, are everybody's who opens it. */
function keyWarnings({ credentials, sign }: S3Options): readonly string[] {
  const isInPage = /^https?:/.test((globalThis as { location?: { origin?: string } }).location?.origin ?? '')
  const isLasting = typeof credentials === 'object' && credentials.sessionToken === undefined
  if (!isInPage || !isLasting || sign !== undefined) return []
  return [
    'Long-lived keys (storage.s3.credentials) are in this page, and can be read by whoever opens it. Fine for yourself; for others have your server sign URLs (storage.s3.sign, lakefront/signer) or give keys that end.',
  ]
}

/** The bucket and key of `s3://bucket/key`. */
function s3Name(reference: string): { readonly bucket: string; readonly key: string } {
  const [, bucket, key] = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])\/(.+)$/is.exec(reference) ?? []
  if (bucket === undefined || key!.split('/').some((part) => part === '.' || part === '..')) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `"${reference}" is not an object of S3; it looks like "s3://bucket/path/file.parquet".`,
    )
  }
  return { bucket, key: key! }
}

/** The URL of `s3://bucket/key`, each part of the key encoded once as S3 does it. */
export function s3Url(reference: string, options: S3Options = {}): string {
  const { bucket, key } = s3Name(reference)
  return objectUrl(bucket, key, options)
}

/** The URL of a key of a bucket; of the bucket for an empty one. */
export function objectUrl(bucket: string, key: string, options: S3Options): string {
  const { endpoint, region = 'us-east-1', pathStyle = endpoint !== undefined || bucket.includes('.') } = options
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`)
  if (!pathStyle) url.host = `${bucket}.${url.host}`
  const folder = url.pathname.replace(/\/$/, '')
  url.pathname = [folder, ...(pathStyle ? [bucket] : []), ...key.split('/').map(s3Encode)].join('/')
  return url.href
}
