import './opfs-faults.mjs'
import '../../dist/worker/engine.js'
