;; The two loops of a step of sequential minimal optimization, two rows per instruction and four per turn.
;;
;; All arrays are padded to a multiple of four rows; a padding row has residual 0, curvature 1 and masks that keep it
;; out of every maximum and minimum. Sums are those of the plain loops in smo.kernel.ts, in the same order, so the
;; steps are the same to the bit. Among equal candidates the last row wins.
;;
;; scripts/wasm/build.ts makes smo-wasm.ts of this file.
(module
  (memory (export "memory") 1)

  ;; The partner for row i of the largest gain: (highest - residual)^2 / curvature over rows that can fall, or -1.
  ;; gramRow: float32 kernel values of row i with every row; the others float64 per row.
  (func (export "select")
    (param $count i32) (param $highest f64) (param $diagonalI f64)
    (param $gramRow i32) (param $residual i32) (param $lowMask i32) (param $diagonal i32)
    (result i32)
    (local $high v128) (local $own v128) (local $two v128) (local $flat v128) (local $zero v128) (local $step v128)
    (local $kernel v128) (local $gap v128) (local $curvature v128) (local $gain v128) (local $mask v128)
    (local $index v128) (local $best v128) (local $bestAt v128)
    (local $first f64) (local $second f64)
    (local.set $high (f64x2.splat (local.get $highest)))
    (local.set $own (f64x2.splat (local.get $diagonalI)))
    (local.set $two (f64x2.splat (f64.const 2)))
    (local.set $flat (f64x2.splat (f64.const 1e-12)))
    (local.set $step (f64x2.splat (f64.const 2)))
    (local.set $best (f64x2.splat (f64.const -1)))
    (local.set $bestAt (f64x2.splat (f64.const -1)))
    (local.set $index (v128.const f64x2 0 1))
    (loop $rows
      (local.set $kernel (v128.load (local.get $gramRow)))

      (local.set $gap (f64x2.sub (local.get $high)
        (f64x2.add (v128.load (local.get $residual)) (v128.load (local.get $lowMask)))))
      (local.set $curvature (f64x2.sub
        (f64x2.add (local.get $own) (v128.load (local.get $diagonal)))
        (f64x2.mul (local.get $two) (f64x2.promote_low_f32x4 (local.get $kernel)))))
      (local.set $curvature (v128.bitselect (local.get $curvature) (local.get $flat)
        (f64x2.gt (local.get $curvature) (local.get $zero))))
      (local.set $gain (f64x2.div (f64x2.mul (local.get $gap) (local.get $gap)) (local.get $curvature)))
      (local.set $mask (v128.and
        (f64x2.gt (local.get $gap) (local.get $zero)) (f64x2.ge (local.get $gain) (local.get $best))))
      (local.set $best (v128.bitselect (local.get $gain) (local.get $best) (local.get $mask)))
      (local.set $bestAt (v128.bitselect (local.get $index) (local.get $bestAt) (local.get $mask)))
      (local.set $index (f64x2.add (local.get $index) (local.get $step)))

      (local.set $kernel (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15
        (local.get $kernel) (local.get $kernel)))
      (local.set $gap (f64x2.sub (local.get $high)
        (f64x2.add (v128.load offset=16 (local.get $residual)) (v128.load offset=16 (local.get $lowMask)))))
      (local.set $curvature (f64x2.sub
        (f64x2.add (local.get $own) (v128.load offset=16 (local.get $diagonal)))
        (f64x2.mul (local.get $two) (f64x2.promote_low_f32x4 (local.get $kernel)))))
      (local.set $curvature (v128.bitselect (local.get $curvature) (local.get $flat)
        (f64x2.gt (local.get $curvature) (local.get $zero))))
      (local.set $gain (f64x2.div (f64x2.mul (local.get $gap) (local.get $gap)) (local.get $curvature)))
      (local.set $mask (v128.and
        (f64x2.gt (local.get $gap) (local.get $zero)) (f64x2.ge (local.get $gain) (local.get $best))))
      (local.set $best (v128.bitselect (local.get $gain) (local.get $best) (local.get $mask)))
      (local.set $bestAt (v128.bitselect (local.get $index) (local.get $bestAt) (local.get $mask)))
      (local.set $index (f64x2.add (local.get $index) (local.get $step)))

      (local.set $gramRow (i32.add (local.get $gramRow) (i32.const 16)))
      (local.set $residual (i32.add (local.get $residual) (i32.const 32)))
      (local.set $lowMask (i32.add (local.get $lowMask) (i32.const 32)))
      (local.set $diagonal (i32.add (local.get $diagonal) (i32.const 32)))
      (br_if $rows (i32.gt_s (local.tee $count (i32.sub (local.get $count) (i32.const 4))) (i32.const 0))))
    (local.set $first (f64x2.extract_lane 0 (local.get $best)))
    (local.set $second (f64x2.extract_lane 1 (local.get $best)))
    (i32.trunc_f64_s
      (if (result f64) (f64.eq (local.get $first) (local.get $second))
        (then (f64.max
          (f64x2.extract_lane 0 (local.get $bestAt)) (f64x2.extract_lane 1 (local.get $bestAt))))
        (else (select
          (f64x2.extract_lane 0 (local.get $bestAt)) (f64x2.extract_lane 1 (local.get $bestAt))
          (f64.gt (local.get $first) (local.get $second)))))))

  ;; residual -= changeI gramI + changeJ gramJ. Returns the row of the largest residual that can grow; the largest and
  ;; the smallest one that can fall are float64 at bytes 0 and 8 of the memory.
  (func (export "update")
    (param $count i32) (param $changeI f64) (param $changeJ f64) (param $gramI i32) (param $gramJ i32)
    (param $residual i32) (param $upMask i32) (param $lowMask i32)
    (result i32)
    (local $byI v128) (local $byJ v128) (local $rowI v128) (local $rowJ v128) (local $step v128)
    (local $value v128) (local $up v128) (local $mask v128) (local $index v128)
    (local $highest v128) (local $highestAt v128) (local $lowest v128)
    (local $first f64) (local $second f64)
    (local.set $byI (f64x2.splat (local.get $changeI)))
    (local.set $byJ (f64x2.splat (local.get $changeJ)))
    (local.set $step (f64x2.splat (f64.const 2)))
    (local.set $highest (f64x2.splat (f64.const -inf)))
    (local.set $lowest (f64x2.splat (f64.const inf)))
    (local.set $index (v128.const f64x2 0 1))
    (loop $rows
      (local.set $rowI (v128.load (local.get $gramI)))
      (local.set $rowJ (v128.load (local.get $gramJ)))

      (local.set $value (f64x2.sub (v128.load (local.get $residual)) (f64x2.add
        (f64x2.mul (local.get $byI) (f64x2.promote_low_f32x4 (local.get $rowI)))
        (f64x2.mul (local.get $byJ) (f64x2.promote_low_f32x4 (local.get $rowJ))))))
      (v128.store (local.get $residual) (local.get $value))
      (local.set $up (f64x2.add (local.get $value) (v128.load (local.get $upMask))))
      (local.set $mask (f64x2.ge (local.get $up) (local.get $highest)))
      (local.set $highest (v128.bitselect (local.get $up) (local.get $highest) (local.get $mask)))
      (local.set $highestAt (v128.bitselect (local.get $index) (local.get $highestAt) (local.get $mask)))
      (local.set $lowest (f64x2.pmin (local.get $lowest)
        (f64x2.add (local.get $value) (v128.load (local.get $lowMask)))))
      (local.set $index (f64x2.add (local.get $index) (local.get $step)))

      (local.set $rowI (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15
        (local.get $rowI) (local.get $rowI)))
      (local.set $rowJ (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15
        (local.get $rowJ) (local.get $rowJ)))
      (local.set $value (f64x2.sub (v128.load offset=16 (local.get $residual)) (f64x2.add
        (f64x2.mul (local.get $byI) (f64x2.promote_low_f32x4 (local.get $rowI)))
        (f64x2.mul (local.get $byJ) (f64x2.promote_low_f32x4 (local.get $rowJ))))))
      (v128.store offset=16 (local.get $residual) (local.get $value))
      (local.set $up (f64x2.add (local.get $value) (v128.load offset=16 (local.get $upMask))))
      (local.set $mask (f64x2.ge (local.get $up) (local.get $highest)))
      (local.set $highest (v128.bitselect (local.get $up) (local.get $highest) (local.get $mask)))
      (local.set $highestAt (v128.bitselect (local.get $index) (local.get $highestAt) (local.get $mask)))
      (local.set $lowest (f64x2.pmin (local.get $lowest)
        (f64x2.add (local.get $value) (v128.load offset=16 (local.get $lowMask)))))
      (local.set $index (f64x2.add (local.get $index) (local.get $step)))

      (local.set $gramI (i32.add (local.get $gramI) (i32.const 16)))
      (local.set $gramJ (i32.add (local.get $gramJ) (i32.const 16)))
      (local.set $residual (i32.add (local.get $residual) (i32.const 32)))
      (local.set $upMask (i32.add (local.get $upMask) (i32.const 32)))
      (local.set $lowMask (i32.add (local.get $lowMask) (i32.const 32)))
      (br_if $rows (i32.gt_s (local.tee $count (i32.sub (local.get $count) (i32.const 4))) (i32.const 0))))
    (local.set $first (f64x2.extract_lane 0 (local.get $highest)))
    (local.set $second (f64x2.extract_lane 1 (local.get $highest)))
    (f64.store (i32.const 0) (f64.max (local.get $first) (local.get $second)))
    (f64.store (i32.const 8)
      (f64.min (f64x2.extract_lane 0 (local.get $lowest)) (f64x2.extract_lane 1 (local.get $lowest))))
    (i32.trunc_f64_s
      (if (result f64) (f64.eq (local.get $first) (local.get $second))
        (then (f64.max
          (f64x2.extract_lane 0 (local.get $highestAt)) (f64x2.extract_lane 1 (local.get $highestAt))))
        (else (select
          (f64x2.extract_lane 0 (local.get $highestAt)) (f64x2.extract_lane 1 (local.get $highestAt))
          (f64.gt (local.get $first) (local.get $second))))))))
