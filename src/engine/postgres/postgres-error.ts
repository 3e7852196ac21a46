import { type ErrorCode, LakefrontError, isLakefrontError } from '../../errors.ts'

/** By SQLSTATE, or by its class, which is the first two characters. */
const codes: Readonly<Record<string, ErrorCode>> = {
  '08': 'NETWORK',
  '0A': 'UNSUPPORTED',
  '22': 'INVALID_VALUE',
  '23': 'INVALID_VALUE',
  '25': 'INVALID_ARGUMENT',
  '28': 'PERMISSION_DENIED',
  '3D': 'NOT_FOUND',
  '3F': 'TABLE_NOT_FOUND',
  '42501': 'PERMISSION_DENIED',
  '42601': 'SYNTAX_ERROR',
  '42702': 'COLUMN_AMBIGUOUS',
  '42703': 'COLUMN_NOT_FOUND',
  '42804': 'TYPE_MISMATCH',
  '42846': 'TYPE_MISMATCH',
  '42883': 'FUNCTION_NOT_FOUND',
  '42P01': 'TABLE_NOT_FOUND',
  '42P18': 'TYPE_MISMATCH',
  '53200': 'OUT_OF_MEMORY',
  '53': 'NETWORK',
  '54': 'UNSUPPORTED',
  '57014': 'ABORTED',
  '57': 'NETWORK',
}

/** What PostgreSQL or the way to it said, as one of our errors: without passwords, and without the value that was wrong. */
export function postgresError(error: unknown): LakefrontError {
  if (isLakefrontError(error)) return error
  const { message = String(error), code = '' } = error as { readonly message?: string; readonly code?: string }
  const advice = tlsAdvice(code, message)
  if (advice !== undefined) {
    return new LakefrontError('NETWORK', `The connection to PostgreSQL failed: ${withoutSecrets(message)}. ${advice}`, {
      details: code === '' ? {} : { system: code },
    })
  }
  if (!/^[0-9A-Z]{5}$/.test(code)) {
    const isNetwork = /^E[A-Z]+$/.test(code) || /terminated|timeout|ended|closed|not queryable/i.test(message)
    return new LakefrontError(
      isNetwork ? 'NETWORK' : 'ENGINE_FAILED',
      `The connection to PostgreSQL failed: ${withoutSecrets(message) || code}.`,
      { details: code === '' ? {} : { system: code } },
    )
  }
  const isOperator = code === '42883' && message.startsWith('operator')
  const found = isOperator ? 'TYPE_MISMATCH' : (codes[code] ?? codes[code.slice(0, 2)] ?? 'ENGINE_FAILED')
  const said = found === 'INVALID_VALUE' ? message.replace(/: "[^]*"$/, '') : message
  return new LakefrontError(found, `PostgreSQL: ${said}.`, { details: { sqlstate: code } })
}

/** What to do where the two did not come to terms on TLS. */
function tlsAdvice(code: string, message: string): string | undefined {
  if (/^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_|ERR_TLS)/.test(code))
    return 'Name the authority that signed its certificate in the address: ?sslmode=verify-full&sslrootcert=<file>.'
  if (/does not support SSL/.test(message)) return 'Turn TLS on there, or take sslmode out of the address.'
  return undefined
}

function withoutSecrets(message: string): string {
  return message.replace(/\/\/[^@\s]*@/g, '//').replace(/password=\S+/gi, 'password=…')
}
