/** For Cloudflare Workers: storage over a bucket that the Worker is bound to. */
export { r2Storage } from '../storage/r2-storage.ts'
export type { R2Bucket } from '../storage/r2-storage.ts'
