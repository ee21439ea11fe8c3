;; The loop of a step of Adam, all in float32, four parameters per instruction. The sums are those of the plain loop in
;; mlp.kernel.ts, in the same order, so the steps are the same to the bit.
;;
;; scripts/wasm/build.ts makes penalized-adam-wasm.ts of this file.
(module
  (memory (export "memory") 1)

  ;; count: a multiple of four. size: of the step, with the correction of the moments' bias.
  (func (export "step")
    (param $count i32) (param $parameters i32) (param $gradient i32) (param $first i32) (param $second i32)
    (param $penalty f32) (param $size f32)
    (local $byPenalty v128) (local $bySize v128) (local $flat v128)
    (local $keepFirst v128) (local $addFirst v128) (local $keepSecond v128) (local $addSecond v128)
    (local $values v128) (local $g v128) (local $m v128) (local $v v128)
    (local.set $byPenalty (f32x4.splat (local.get $penalty)))
    (local.set $bySize (f32x4.splat (local.get $size)))
    (local.set $flat (f32x4.splat (f32.const 1e-8)))
    (local.set $keepFirst (f32x4.splat (f32.const 0.9)))
    (local.set $addFirst (f32x4.splat (f32.const 0.1)))
    (local.set $keepSecond (f32x4.splat (f32.const 0.999)))
    (local.set $addSecond (f32x4.splat (f32.const 0.001)))
    (loop $turns
      (local.set $values (v128.load (local.get $parameters)))
      (local.set $g (f32x4.add (v128.load (local.get $gradient))
        (f32x4.mul (local.get $byPenalty) (local.get $values))))
      (local.set $m (f32x4.add (f32x4.mul (local.get $keepFirst) (v128.load (local.get $first)))
        (f32x4.mul (local.get $addFirst) (local.get $g))))
      (local.set $v (f32x4.add (f32x4.mul (local.get $keepSecond) (v128.load (local.get $second)))
        (f32x4.mul (f32x4.mul (local.get $addSecond) (local.get $g)) (local.get $g))))
      (v128.store (local.get $first) (local.get $m))
      (v128.store (local.get $second) (local.get $v))
      (v128.store (local.get $parameters) (f32x4.sub (local.get $values) (f32x4.div
        (f32x4.mul (local.get $bySize) (local.get $m)) (f32x4.add (f32x4.sqrt (local.get $v)) (local.get $flat)))))
      (local.set $parameters (i32.add (local.get $parameters) (i32.const 16)))
      (local.set $gradient (i32.add (local.get $gradient) (i32.const 16)))
      (local.set $first (i32.add (local.get $first) (i32.const 16)))
      (local.set $second (i32.add (local.get $second) (i32.const 16)))
      (br_if $turns (i32.gt_s (local.tee $count (i32.sub (local.get $count) (i32.const 4))) (i32.const 0))))))
