import type { WriteOptions } from './storage.ts'

/** Where stores that speak S3 differ. */
export interface S3Dialect {
  /** Of the store's own headers. */
  readonly prefix: 'x-amz' | 'x-goog'
  /** The header of an answer that tells the version conditions are made of. */
  readonly versionHeader: string
  /** The same, as an element of a list. */
  readonly listedVersion: string
  readonly checksums: boolean
  readonly removesBatches: boolean
  /** The headers that say a condition. */
  condition(options: Pick<WriteOptions, 'ifMatch' | 'ifNoneMatch'>): Readonly<Record<string, string>>
}

export const amazonDialect: S3Dialect = {
  prefix: 'x-amz',
  versionHeader: 'etag',
  listedVersion: 'ETag',
  checksums: true,
  removesBatches: true,
  condition: ({ ifMatch, ifNoneMatch }) => ({
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch }),
  }),
}

/** Google's store has no condition on ETags for writes, but on generations; 0 is that of nothing. */
export const googleDialect: S3Dialect = {
  prefix: 'x-goog',
  versionHeader: 'x-goog-generation',
  listedVersion: 'Generation',
  checksums: false,
  removesBatches: false,
  condition({ ifMatch, ifNoneMatch }): Readonly<Record<string, string>> {
    const generation = ifNoneMatch === undefined ? ifMatch : '0'
    // A generation is a number: what is none matches nothing.
    if (generation === undefined) return {}
    return { 'x-goog-if-generation-match': /^\d{1,19}$/.test(generation) ? generation : '1' }
  },
}
