import { expect, test } from 'vitest'
import { uuidV7 } from './uuid-v7.ts'

test('version 7: the time first, then chance', () => {
  // The example of RFC 9562, appendix A.6.
  expect(uuidV7(0x017f_22e2_79b0)).toMatch(/^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(uuidV7(1)).not.toBe(uuidV7(1))
  expect(uuidV7(2) > uuidV7(1)).toBe(true)
})
