import { LakefrontError } from '../errors.ts'

/** Of a source that is read into memory as a whole: `neededBytes` of it at least are more than there is room for. */
export function tooMuchAtOnce(source: string, neededBytes: number, limitBytes: number): LakefrontError {
  return new LakefrontError(
    'OUT_OF_MEMORY',
    `A recursive query reads "${source}" all at once here, about ${megabytes(neededBytes)}, for which the memoryLimit of ${megabytes(limitBytes)} leaves no room. ` +
      'Put what it needs into a table first: CREATE TEMP TABLE part AS SELECT … FROM the file.',
    { details: { source, neededBytes: Math.round(neededBytes), limitBytes } },
  )
}

export function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`
}
