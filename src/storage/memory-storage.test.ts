import { memoryStorage } from './memory-storage.ts'
import { testStorage } from './storage-suite.ts'

testStorage('memory', () => {
  const storage = memoryStorage()
  return () => storage
})
