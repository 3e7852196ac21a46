import { expect, test } from 'vitest'
import { byteSize } from './byte-size.ts'

test.each([
  [1, 1],
  [2_000_000_000, 2e9],
  ['123', 123],
  ['2GB', 2e9],
  ['2 gb', 2e9],
  [' 1.5GiB ', 1.5 * 2 ** 30],
  ['512MiB', 512 * 2 ** 20],
  ['10kB', 10_000],
  ['0.5KiB', 512],
])('%j is %d bytes', (text, bytes) => {
  expect(byteSize(text, 'memoryLimit')).toBe(bytes)
})

test.each([
  '',
  'GB',
  '2XB',
  '-1GB',
  '0',
  0,
  -5,
  Number.NaN,
  Infinity,
  '1e9',
  '2,5GB',
  '99999999TB',
  '0.1B',
  'lots',
  '1 0MB',
])('%j is not a size', (value) => {
  expect(() => byteSize(value, 'memoryLimit')).toThrow(
    /^memoryLimit: .* is not a size\. Give a positive number of bytes/,
  )
})

test.each([null, {}, [], undefined, true])('%j is not a size either', (value) => {
  expect(() => byteSize(value as unknown as string, 'cacheLimit')).toThrow(/^cacheLimit: /)
})
