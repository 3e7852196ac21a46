/** Keys of an account. Long-lived ones do not belong into a page that others can open. */
export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** A request before it is signed. */
export interface SignableRequest {
  readonly method: string
  /** With its path encoded as S3 does it, see `s3Url`. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** SHA-256 of the body in hexadecimal. Default: there is no body. */
  readonly bodyHash?: string
}

/** How the signatures of a store call things. Google's are Amazon's with other names. */
export interface SignatureFlavor {
  readonly algorithm: string
  readonly keyPrefix: string
  readonly service: string
  readonly request: string
  /** Of headers and, with capitals, of query parameters. */
  readonly prefix: 'x-amz' | 'x-goog'
}

export const amazonFlavor: SignatureFlavor = {
  algorithm: 'AWS4-HMAC-SHA256',
  keyPrefix: 'AWS4',
  service: 's3',
  request: 'aws4_request',
  prefix: 'x-amz',
}

export const googleFlavor: SignatureFlavor = {
  algorithm: 'GOOG4-HMAC-SHA256',
  keyPrefix: 'GOOG4',
  service: 'storage',
  request: 'goog4_request',
  prefix: 'x-goog',
}

interface SignOptions {
  readonly flavor?: SignatureFlavor
  readonly now?: () => Date
}

/** SHA-256 of nothing: what a request without a body holds. */
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/**
 * Makes the headers that sign a request for S3: AWS Signature Version 4
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html). All headers that are given are signed.
 */
export function s3Signer(
  credentials: S3Credentials,
  region: string,
  { flavor = amazonFlavor, now = () => new Date() }: SignOptions = {},
): (request: SignableRequest) => Promise<Readonly<Record<string, string>>> {
  let known: { readonly day: string; readonly key: Promise<ArrayBuffer> } | undefined

  return async ({ method, url, headers, bodyHash = emptyHash }) => {
    const time = timeOf(now())
    const day = time.slice(0, 8)
    if (known?.day !== day) known = { day, key: signingKey(credentials, { day, region, flavor }) }
    const { sessionToken } = credentials
    const added = {
      [`${flavor.prefix}-content-sha256`]: bodyHash,
      [`${flavor.prefix}-date`]: time,
      ...(sessionToken === undefined ? {} : { [`${flavor.prefix}-security-token`]: sessionToken }),
    }
    const { canonical, names } = canonicalRequest({ method, url, headers: { ...headers, ...added }, bodyHash })
    const scope = `${day}/${region}/${flavor.service}/${flavor.request}`
    const signature = await signatureOf(await known.key, { canonical, scope, time, flavor })
    return {
      ...added,
      authorization: `${flavor.algorithm} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    }
  }
}

/**
 * A URL that lets its holder make one kind of request for a while, with just the headers that are given
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html).
 */
export async function s3Presign(
  credentials: S3Credentials,
  region: string,
  {
    method,
    url,
    headers,
    expirySeconds,
    flavor = amazonFlavor,
    now = () => new Date(),
  }: Omit<SignableRequest, 'bodyHash'> & SignOptions & { readonly expirySeconds: number },
): Promise<string> {
  const time = timeOf(now())
  const day = time.slice(0, 8)
  const scope = `${day}/${region}/${flavor.service}/${flavor.request}`
  const name = (rest: string): string => `${flavor.prefix === 'x-amz' ? 'X-Amz' : 'X-Goog'}-${rest}`
  const signed = new URL(url)
  const { host } = signed
  const parameters = {
    Algorithm: flavor.algorithm,
    Credential: `${credentials.accessKeyId}/${scope}`,
    Date: time,
    Expires: String(expirySeconds),
    SignedHeaders: Object.keys({ ...headers, host })
      .map((header) => header.toLowerCase())
      .sort()
      .join(';'),
    ...(credentials.sessionToken === undefined ? {} : { 'Security-Token': credentials.sessionToken }),
  }
  for (const [rest, value] of Object.entries(parameters)) signed.searchParams.set(name(rest), value)
  signed.search = canonicalQuery(signed)
  const { canonical } = canonicalRequest({ method, url: signed.href, headers, bodyHash: 'UNSIGNED-PAYLOAD' })
  const key = await signingKey(credentials, { day, region, flavor })
  const signature = await signatureOf(key, { canonical, scope, time, flavor })
  return `${signed.href}&${name('Signature')}=${signature}`
}

/** As S3 encodes: all but unreserved characters, which are fewer than those that `encodeURIComponent` leaves. */
export function s3Encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** SHA-256 in hexadecimal. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  return hex(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
}

function canonicalRequest({ method, url, headers, bodyHash }: Required<SignableRequest>): {
  canonical: string
  names: string
} {
  const parsed = new URL(url)
  const signed = Object.entries({ ...headers, host: parsed.host })
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/\s+/g, ' ')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const lines = signed.map(([name, value]) => `${name}:${value}\n`).join('')
  return { canonical: [method, parsed.pathname, canonicalQuery(parsed), lines, names, bodyHash].join('\n'), names }
}

function canonicalQuery({ searchParams }: URL): string {
  return [...searchParams]
    .map(([name, value]) => [s3Encode(name), s3Encode(value)] as const)
    .sort(([a, one], [b, other]) => (a === b ? (one < other ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

async function signatureOf(
  key: ArrayBuffer,
  parts: { canonical: string; scope: string; time: string; flavor: SignatureFlavor },
): Promise<string> {
  const hash = await sha256Hex(new TextEncoder().encode(parts.canonical))
  return hex(await hmac(key, [parts.flavor.algorithm, parts.time, parts.scope, hash].join('\n')))
}

async function signingKey(
  { secretAccessKey }: S3Credentials,
  { day, region, flavor }: { day: string; region: string; flavor: SignatureFlavor },
): Promise<ArrayBuffer> {
  let key: ArrayBuffer | Uint8Array<ArrayBuffer> = new TextEncoder().encode(flavor.keyPrefix + secretAccessKey)
  for (const part of [day, region, flavor.service, flavor.request]) key = await hmac(key, part)
  return key as ArrayBuffer
}

async function hmac(key: BufferSource, text: string): Promise<ArrayBuffer> {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return crypto.subtle.sign('HMAC', imported, new TextEncoder().encode(text))
}

function timeOf(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, '')
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
