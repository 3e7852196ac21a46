;; Functions for slots of DuckDB's function table. DuckDB calls them through the table; they call the imports.
;; JavaScript functions cannot stand in a table, and a re-exported import cannot suspend (JavaScript Promise Integration
;; needs wasm frames only between the promising entry and the suspending import), hence real wasm bodies.
;; One instance per set of callbacks: every instance is bound to its own imports.
(module
  (import "lf" "call_i" (func $call_i (param i32)))
  (import "lf" "call_ii" (func $call_ii (param i32 i32)))
  (import "lf" "call_iii" (func $call_iii (param i32 i32 i32)))
  (import "lf" "fill" (func $fill (param i32 i32) (result i32)))
  (import "lf" "wait" (func $wait (param i32 i32)))

  ;; table function: bind (info), init (info), local init (info); any destructor (pointer)
  (func (export "f_i") (param $a i32)
    (call $call_i (local.get $a)))

  ;; table function that never waits: (info, output chunk)
  (func (export "f_ii") (param $a i32) (param $b i32)
    (call $call_ii (local.get $a) (local.get $b)))

  ;; scalar function: (info, input chunk, output vector); replacement scan: (info, table name, data)
  (func (export "f_iii") (param $a i32) (param $b i32) (param $c i32)
    (call $call_iii (local.get $a) (local.get $b) (local.get $c)))

  ;; table function that may wait: (info, output chunk). `fill` answers 0 for "nothing there yet".
  ;; Only then is the suspending import entered, for suspending costs even when the promise is already settled.
  (func (export "f_scan") (param $info i32) (param $output i32)
    (loop $again
      (if (i32.eqz (call $fill (local.get $info) (local.get $output)))
        (then
          (call $wait (local.get $info) (local.get $output))
          (br $again))))))
