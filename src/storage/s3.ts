import { LakefrontError } from '../errors.ts'
import { httpSource } from './http.ts'
import type { HttpOptions, NetworkSource } from './http.ts'
import { s3Encode, s3Signer } from './s3-sign.ts'
import type { S3Credentials } from './s3-sign.ts'

/** Where `s3://` is. Plain data. */
export interface S3Options {
  /** Such as `https://minio.example:9000`. Default: AWS, in the region. */
  readonly endpoint?: string
  /** Default `us-east-1`. */
  readonly region?: string
  /** Without them requests are not signed: public objects. */
  readonly credentials?: S3Credentials
  /** Whether the bucket stands in the path in place of the host's name. Default: with an endpoint, or for a bucket with dots. */
  readonly pathStyle?: boolean
}

/** An object of S3 or a store that speaks its language, by `s3://bucket/key`; read as any URL is. */
export function s3Source(reference: string, options: S3Options = {}, http: HttpOptions = {}): NetworkSource {
  const { region = 'us-east-1', credentials } = options
  return httpSource(s3Url(reference, options), {
    ...http,
    label: reference,
    ...(credentials === undefined ? {} : { sign: s3Signer(credentials, region) }),
  })
}

/** The URL of `s3://bucket/key`, each part of the key encoded once as S3 does it. */
export function s3Url(reference: string, options: S3Options = {}): string {
  const [, bucket, key] = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])\/(.+)$/is.exec(reference) ?? []
  const parts = key?.split('/') ?? []
  if (bucket === undefined || parts.some((part) => part === '.' || part === '..')) {
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `"${reference}" is not an object of S3; it looks like "s3://bucket/path/file.parquet".`,
    )
  }
  const { endpoint, region = 'us-east-1', pathStyle = endpoint !== undefined || bucket.includes('.') } = options
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`)
  if (!pathStyle) url.host = `${bucket}.${url.host}`
  const folder = url.pathname.replace(/\/$/, '')
  url.pathname = [folder, ...(pathStyle ? [bucket] : []), ...parts.map(s3Encode)].join('/')
  return url.href
}
