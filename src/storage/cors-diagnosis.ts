import { LakefrontError } from '../errors.ts'

interface FailedRequest {
  readonly label: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** What every page of another origin needs to see of the answers. */
const exposedHeaders = 'ETag, Content-Range, Content-Length, Accept-Ranges, Last-Modified'

/**
 * Why a browser kept an answer of another origin from this page; undefined when the server cannot be reached at all, or allows everything. Browsers do
 * not tell, so it is tried out with requests that change nothing: whether the server answers, whether it allows this origin, and which header it
 * does not; what is left is the method.
 */
export async function corsFailure(request: FailedRequest): Promise<LakefrontError | undefined> {
  const { label, method, url, headers, signal } = request
  const passes = (init: RequestInit): Promise<boolean> =>
    fetch(url, { ...init, method: 'GET', cache: 'no-store', signal }).then(
      (response) => {
        void response.body?.cancel().catch(() => undefined)
        return true
      },
      () => false,
    )
  const { origin } = globalThis.location
  if (!(await passes({ mode: 'no-cors' }))) return undefined
  if (!(await passes({})))
    return refused(label, `does not allow this page. It must send Access-Control-Allow-Origin: ${origin}`)
  const refusedHeaders = []
  for (const name of Object.keys(headers))
    if (!(await passes({ headers: { [name]: headers[name]! } }))) refusedHeaders.push(name)
  if (refusedHeaders.length > 0) {
    return refused(
      label,
      `does not allow the header${refusedHeaders.length > 1 ? 's' : ''} ${refusedHeaders.join(', ')}. It must name them, or send Access-Control-Allow-Headers: *`,
    )
  }
  if (['GET', 'HEAD', 'POST'].includes(method)) return undefined
  return refused(
    label,
    `does not allow the method ${method}. It must send Access-Control-Allow-Methods: GET, HEAD, PUT, POST, DELETE`,
    'method',
  )
}

/** A header of an answer that is there and cannot be seen. */
export function hiddenHeader(label: string, header: string, why: string): LakefrontError {
  return refused(
    label,
    `hides the header ${header} from this page, and ${why}. It must send Access-Control-Expose-Headers: ${exposedHeaders}`,
  )
}

function refused(label: string, why: string, by?: 'method'): LakefrontError {
  return new LakefrontError('CORS', `The server of "${label}" ${why} (its CORS configuration).`, {
    details: { source: label, origin: globalThis.location?.origin, ...(by === undefined ? {} : { by }) },
  })
}
