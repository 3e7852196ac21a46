import { describe, expect, test } from 'vitest'
import { nameInPlace } from './name-in-place.ts'

describe('an object is a place and a key', () => {
  test.each([
    ['memory:a.parquet', 'memory:/', 'a.parquet'],
    ['memory:/a/b.parquet', 'memory:/', 'a/b.parquet'],
    ['opfs:/a/b c+%25.parquet', 'opfs:/', 'a/b c+%25.parquet'],
    ['folder:mine/a/b.parquet', 'folder:mine/', 'a/b.parquet'],
    ['s3://bucket/a/b=c%20/ü?.parquet', 's3://bucket/', 'a/b=c%20/ü?.parquet'],
    ['az://container/a.parquet', 'az://container/', 'a.parquet'],
    ['a.parquet', './', 'a.parquet'],
    ['data/a%20b.parquet', 'data/', 'a%20b.parquet'],
    ['/data/a.parquet', '/data/', 'a.parquet'],
    ['C:\\data\\a.parquet', 'C:\\data\\', 'a.parquet'],
    ['file:///data/a%20b.parquet', 'file:///data/', 'a b.parquet'],
    ['https://host/a/b%25.parquet?signature=secret', 'https://host/a/?signature=secret', 'b%.parquet'],
  ])('%s', (reference, place, key) => {
    expect(nameInPlace(reference)).toEqual({ place, key })
  })

  test.each([
    ['s3://', 's3://bucket/'],
    ['folder:mine', 'folder:name/'],
    ['data/', 'folder/'],
    ['https://host/', 'https://'],
  ])('%s is told what would be right', (reference, form) => {
    expect(() => nameInPlace(reference)).toThrowError(
      `"${reference}" names no file; it looks like "${form}file.parquet".`,
    )
  })

  test.each(['s3://bucket', 's3://bucket/', 'opfs:/', 'data/', '', 'folder:mine', 'file:///%', 'https://host/?secret'])(
    '%j names no file, and no query is told',
    (reference) => {
      const error = (() => {
        try {
          nameInPlace(reference)
        } catch (thrown) {
          return thrown
        }
        return undefined
      })()
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.not.stringContaining('secret') })
    },
  )
})
