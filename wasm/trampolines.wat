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
  (import "lf" "cast" (func $cast (param i32 i32 i64 i32) (result i32)))
  (import "lf" "size" (func $size (param i32) (result i64)))
  (import "lf" "combine" (func $combine (param i32 i32 i32 i64)))
  (import "lf" "finalize" (func $finalize (param i32 i32 i32 i64 i64)))
  (import "lf" "destroy" (func $destroy (param i32 i64)))
  (import "lf" "in_out" (func $in_out (param i32 i32 i32 i32) (result i32)))

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
          (br $again)))))

  ;; cast: (input vector, output vector, count, parameters), answers whether all rows could be cast
  (func (export "f_cast") (param $a i32) (param $b i32) (param $n i64) (param $c i32) (result i32)
    (call $cast (local.get $a) (local.get $b) (local.get $n) (local.get $c)))

  ;; aggregate function: bytes of a state (info); init and update are f_ii and f_iii
  (func (export "f_size") (param $a i32) (result i64)
    (call $size (local.get $a)))

  ;; aggregate function: (info, source states, target states, count)
  (func (export "f_combine") (param $a i32) (param $b i32) (param $c i32) (param $n i64)
    (call $combine (local.get $a) (local.get $b) (local.get $c) (local.get $n)))

  ;; aggregate function: (info, states, output vector, count, first row of the output)
  (func (export "f_finalize") (param $a i32) (param $b i32) (param $c i32) (param $n i64) (param $o i64)
    (call $finalize (local.get $a) (local.get $b) (local.get $c) (local.get $n) (local.get $o)))

  ;; aggregate function: (states, count)
  (func (export "f_destroy") (param $a i32) (param $n i64)
    (call $destroy (local.get $a) (local.get $n)))

  ;; table function of other rows: (context, data, input chunk, output chunk), answers whether more comes of this input
  (func (export "f_in_out") (param $a i32) (param $b i32) (param $c i32) (param $d i32) (result i32)
    (call $in_out (local.get $a) (local.get $b) (local.get $c) (local.get $d))))
