;; The two loops of a linear classifier's step: one row against a classifier's weights, and the row added to them.
;;
;; Rows and weights are float32, padded with zeros to a multiple of sixteen numbers; addresses and lengths are in bytes.
;; A product has sixteen running sums, whatever runs beside it: a classifier's steps do not depend on its neighbours.
;;
;; scripts/wasm/build.ts makes row-classifiers-wasm.ts of this file.
(module
  (memory (export "memory") 1)

  (func $total (param $a v128) (param $b v128) (param $c v128) (param $d v128) (result f32)
    (local $sum v128)
    (local.set $sum (f32x4.add
      (f32x4.add (local.get $a) (local.get $b)) (f32x4.add (local.get $c) (local.get $d))))
    (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $sum)) (f32x4.extract_lane 1 (local.get $sum)))
      (f32.add (f32x4.extract_lane 2 (local.get $sum)) (f32x4.extract_lane 3 (local.get $sum)))))

  (func (export "product") (param $row i32) (param $weights i32) (param $bytes i32) (result f32)
    (local $end i32) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $end (i32.add (local.get $row) (local.get $bytes)))
    (loop $sixteen
      (local.set $a (f32x4.add (local.get $a)
        (f32x4.mul (v128.load (local.get $row)) (v128.load (local.get $weights)))))
      (local.set $b (f32x4.add (local.get $b)
        (f32x4.mul (v128.load offset=16 (local.get $row)) (v128.load offset=16 (local.get $weights)))))
      (local.set $c (f32x4.add (local.get $c)
        (f32x4.mul (v128.load offset=32 (local.get $row)) (v128.load offset=32 (local.get $weights)))))
      (local.set $d (f32x4.add (local.get $d)
        (f32x4.mul (v128.load offset=48 (local.get $row)) (v128.load offset=48 (local.get $weights)))))
      (local.set $row (i32.add (local.get $row) (i32.const 64)))
      (local.set $weights (i32.add (local.get $weights) (i32.const 64)))
      (br_if $sixteen (i32.lt_u (local.get $row) (local.get $end))))
    (call $total (local.get $a) (local.get $b) (local.get $c) (local.get $d)))

  ;; Two classifiers at once, which reads the row once: products to out and out + 4.
  (func (export "products")
    (param $row i32) (param $first i32) (param $second i32) (param $bytes i32) (param $out i32)
    (local $end i32) (local $x v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $e v128) (local $f v128) (local $g v128) (local $h v128)
    (local.set $end (i32.add (local.get $row) (local.get $bytes)))
    (loop $sixteen
      (local.set $x (v128.load (local.get $row)))
      (local.set $a (f32x4.add (local.get $a) (f32x4.mul (local.get $x) (v128.load (local.get $first)))))
      (local.set $e (f32x4.add (local.get $e) (f32x4.mul (local.get $x) (v128.load (local.get $second)))))
      (local.set $x (v128.load offset=16 (local.get $row)))
      (local.set $b (f32x4.add (local.get $b) (f32x4.mul (local.get $x) (v128.load offset=16 (local.get $first)))))
      (local.set $f (f32x4.add (local.get $f) (f32x4.mul (local.get $x) (v128.load offset=16 (local.get $second)))))
      (local.set $x (v128.load offset=32 (local.get $row)))
      (local.set $c (f32x4.add (local.get $c) (f32x4.mul (local.get $x) (v128.load offset=32 (local.get $first)))))
      (local.set $g (f32x4.add (local.get $g) (f32x4.mul (local.get $x) (v128.load offset=32 (local.get $second)))))
      (local.set $x (v128.load offset=48 (local.get $row)))
      (local.set $d (f32x4.add (local.get $d) (f32x4.mul (local.get $x) (v128.load offset=48 (local.get $first)))))
      (local.set $h (f32x4.add (local.get $h) (f32x4.mul (local.get $x) (v128.load offset=48 (local.get $second)))))
      (local.set $row (i32.add (local.get $row) (i32.const 64)))
      (local.set $first (i32.add (local.get $first) (i32.const 64)))
      (local.set $second (i32.add (local.get $second) (i32.const 64)))
      (br_if $sixteen (i32.lt_u (local.get $row) (local.get $end))))
    (f32.store (local.get $out) (call $total (local.get $a) (local.get $b) (local.get $c) (local.get $d)))
    (f32.store offset=4 (local.get $out) (call $total (local.get $e) (local.get $f) (local.get $g) (local.get $h))))

  ;; weights += factor * row
  (func (export "add") (param $row i32) (param $weights i32) (param $bytes i32) (param $factor f32)
    (local $end i32) (local $by v128)
    (local.set $end (i32.add (local.get $row) (local.get $bytes)))
    (local.set $by (f32x4.splat (local.get $factor)))
    (loop $sixteen
      (v128.store (local.get $weights) (f32x4.add (v128.load (local.get $weights))
        (f32x4.mul (local.get $by) (v128.load (local.get $row)))))
      (v128.store offset=16 (local.get $weights) (f32x4.add (v128.load offset=16 (local.get $weights))
        (f32x4.mul (local.get $by) (v128.load offset=16 (local.get $row)))))
      (v128.store offset=32 (local.get $weights) (f32x4.add (v128.load offset=32 (local.get $weights))
        (f32x4.mul (local.get $by) (v128.load offset=32 (local.get $row)))))
      (v128.store offset=48 (local.get $weights) (f32x4.add (v128.load offset=48 (local.get $weights))
        (f32x4.mul (local.get $by) (v128.load offset=48 (local.get $row)))))
      (local.set $row (i32.add (local.get $row) (i32.const 64)))
      (local.set $weights (i32.add (local.get $weights) (i32.const 64)))
      (br_if $sixteen (i32.lt_u (local.get $row) (local.get $end))))))
