;; The loop of a step of Adam on float32 parameters with float64 moments, two parameters per instruction and four per
;; turn. The sums are those of the plain loop in mlp.kernel.ts, in the same order, so the steps are the same to the bit.
;;
;; scripts/wasm/build.ts makes penalized-adam-wasm.ts of this file.
(module
  (memory (export "memory") 1)

  ;; count: a multiple of four; parameters, gradient: float32; first, second: float64. size: of the step, with the
  ;; correction of the moments' bias.
  (func (export "step")
    (param $count i32) (param $parameters i32) (param $gradient i32) (param $first i32) (param $second i32)
    (param $penalty f64) (param $size f64)
    (local $low v128) (local $high v128) (local $values v128) (local $slopes v128)
    (local $byPenalty v128) (local $bySize v128) (local $flat v128)
    (local $keepFirst v128) (local $addFirst v128) (local $keepSecond v128) (local $addSecond v128)
    (local $g v128) (local $m v128) (local $v v128)
    (local.set $byPenalty (f64x2.splat (local.get $penalty)))
    (local.set $bySize (f64x2.splat (local.get $size)))
    (local.set $flat (f64x2.splat (f64.const 1e-8)))
    (local.set $keepFirst (f64x2.splat (f64.const 0.9)))
    (local.set $addFirst (f64x2.splat (f64.const 0.1)))
    (local.set $keepSecond (f64x2.splat (f64.const 0.999)))
    (local.set $addSecond (f64x2.splat (f64.const 0.001)))
    (loop $turns
      (local.set $values (v128.load (local.get $parameters)))
      (local.set $slopes (v128.load (local.get $gradient)))

      (local.set $low (f64x2.promote_low_f32x4 (local.get $values)))
      (local.set $g (f64x2.add (f64x2.promote_low_f32x4 (local.get $slopes))
        (f64x2.mul (local.get $byPenalty) (local.get $low))))
      (local.set $m (f64x2.add (f64x2.mul (local.get $keepFirst) (v128.load (local.get $first)))
        (f64x2.mul (local.get $addFirst) (local.get $g))))
      (local.set $v (f64x2.add (f64x2.mul (local.get $keepSecond) (v128.load (local.get $second)))
        (f64x2.mul (f64x2.mul (local.get $addSecond) (local.get $g)) (local.get $g))))
      (v128.store (local.get $first) (local.get $m))
      (v128.store (local.get $second) (local.get $v))
      (local.set $low (f64x2.sub (local.get $low) (f64x2.div
        (f64x2.mul (local.get $bySize) (local.get $m)) (f64x2.add (f64x2.sqrt (local.get $v)) (local.get $flat)))))

      (local.set $high (f64x2.promote_low_f32x4
        (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $values) (local.get $values))))
      (local.set $g (f64x2.add
        (f64x2.promote_low_f32x4
          (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $slopes) (local.get $slopes)))
        (f64x2.mul (local.get $byPenalty) (local.get $high))))
      (local.set $m (f64x2.add (f64x2.mul (local.get $keepFirst) (v128.load offset=16 (local.get $first)))
        (f64x2.mul (local.get $addFirst) (local.get $g))))
      (local.set $v (f64x2.add (f64x2.mul (local.get $keepSecond) (v128.load offset=16 (local.get $second)))
        (f64x2.mul (f64x2.mul (local.get $addSecond) (local.get $g)) (local.get $g))))
      (v128.store offset=16 (local.get $first) (local.get $m))
      (v128.store offset=16 (local.get $second) (local.get $v))
      (local.set $high (f64x2.sub (local.get $high) (f64x2.div
        (f64x2.mul (local.get $bySize) (local.get $m)) (f64x2.add (f64x2.sqrt (local.get $v)) (local.get $flat)))))

      (v128.store (local.get $parameters) (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
        (f32x4.demote_f64x2_zero (local.get $low)) (f32x4.demote_f64x2_zero (local.get $high))))
      (local.set $parameters (i32.add (local.get $parameters) (i32.const 16)))
      (local.set $gradient (i32.add (local.get $gradient) (i32.const 16)))
      (local.set $first (i32.add (local.get $first) (i32.const 32)))
      (local.set $second (i32.add (local.get $second) (i32.const 32)))
      (br_if $turns (i32.gt_s (local.tee $count (i32.sub (local.get $count) (i32.const 4))) (i32.const 0))))))
