import type { SignableRequest } from './http.ts'

/** Keys of an account. Long-lived ones do not belong into a page that others can open. */
export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** SHA-256 of nothing: what a request without a body holds. */
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/**
 * Makes the headers that sign a request without a body for S3: AWS Signature Version 4
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html). All headers that are given are signed. Paths have to
 * be encoded as S3 does it, see `s3Url`.
 */
export function s3Signer(
  credentials: S3Credentials,
  region: string,
  now: () => Date = () => new Date(),
): (request: SignableRequest) => Promise<Readonly<Record<string, string>>> {
  let known: { readonly day: string; readonly key: Promise<ArrayBuffer> } | undefined

  return async ({ method, url, headers }) => {
    const { host, pathname, searchParams } = new URL(url)
    const time = now()
      .toISOString()
      .replace(/[-:]|\.\d+/g, '')
    const day = time.slice(0, 8)
    if (known?.day !== day) known = { day, key: signingKey(credentials.secretAccessKey, day, region) }
    const added = {
      'x-amz-content-sha256': emptyHash,
      'x-amz-date': time,
      ...(credentials.sessionToken === undefined ? {} : { 'x-amz-security-token': credentials.sessionToken }),
    }
    const signed = Object.entries({ ...headers, ...added, host })
      .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/\s+/g, ' ')] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
    const names = signed.map(([name]) => name).join(';')
    const query = [...searchParams]
      .map(([name, value]) => `${s3Encode(name)}=${s3Encode(value)}`)
      .sort()
      .join('&')
    const lines = signed.map(([name, value]) => `${name}:${value}\n`).join('')
    const canonical = [method, pathname, query, lines, names, emptyHash].join('\n')
    const scope = `${day}/${region}/s3/aws4_request`
    const text = ['AWS4-HMAC-SHA256', time, scope, hex(await sha256(canonical))].join('\n')
    const signature = hex(await hmac(await known.key, text))
    return {
      ...added,
      authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    }
  }
}

/** As S3 encodes: all but unreserved characters, which are fewer than those that `encodeURIComponent` leaves. */
export function s3Encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

async function signingKey(secret: string, day: string, region: string): Promise<ArrayBuffer> {
  let key: ArrayBuffer | Uint8Array<ArrayBuffer> = new TextEncoder().encode(`AWS4${secret}`)
  for (const part of [day, region, 's3', 'aws4_request']) key = await hmac(key, part)
  return key as ArrayBuffer
}

async function hmac(key: BufferSource, text: string): Promise<ArrayBuffer> {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return crypto.subtle.sign('HMAC', imported, new TextEncoder().encode(text))
}

function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
