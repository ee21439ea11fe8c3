;; The two passes of Pillow's antialiased resize over RGB bytes, exact, four sums at a time.
;;
;; A weight has 22 fractional bits. It is split into a low half of 11 bits and a high half, so that both fit the
;; 16-bit lanes of i32x4.dot_i16x8_s, which multiplies and adds two neighbours at once:
;;   sum(pixel * weight) = (sum(pixel * high) << 11) + sum(pixel * low)
;; The whole sum fits 32 bits (absolute weights add up to less than 2^23, pixels are below 2^8), so halves that wrap
;; around still add up to it. What filters with negative lobes overshoot is clipped when sums become bytes.
;;
;; Taps in memory, per output position: i32 offset in bytes of the first source value, then for each pair of source
;; values i32 low (first | second << 16) and i32 high (the same). An odd last value has a partner of weight 0, so
;; reads may run a little past the source, never past the memory.
;;
;; scripts/wasm/build.ts makes resize-wasm.ts of this file.
(module
  (memory (export "memory") 1)

  ;; rows of RGB, `stride` bytes apart -> rows of `count` RGB pixels, `outStride` bytes apart; each row writes one byte
  ;; more than its pixels take
  (func (export "horizontal")
    (param $source i32) (param $stride i32) (param $rows i32)
    (param $taps i32) (param $count i32) (param $pairs i32) (param $out i32) (param $outStride i32)
    (local $to i32) (local $tap i32) (local $x i32) (local $k i32) (local $pixel i32)
    (local $low v128) (local $high v128) (local $two v128)
    (local $lowBelow v128) (local $highBelow v128) (local $below v128) (local $lowWeights v128) (local $highWeights v128)
    ;; two rows at a time: they have the same weights, and reading those is a good part of the work
    (block $paired
      (loop $rowPair
        (br_if $paired (i32.lt_u (local.get $rows) (i32.const 2)))
        (local.set $tap (local.get $taps))
        (local.set $to (local.get $out))
        (local.set $x (local.get $count))
        (loop $column
          (local.set $pixel (i32.add (local.get $source) (i32.load (local.get $tap))))
          (local.set $tap (i32.add (local.get $tap) (i32.const 4)))
          (local.set $low (v128.const i32x4 0x200000 0x200000 0x200000 0x200000)) ;; one half: the result is rounded
          (local.set $lowBelow (local.get $low))
          (local.set $high (v128.const i32x4 0 0 0 0))
          (local.set $highBelow (local.get $high))
          (local.set $k (local.get $pairs))
          (loop $pair
            (local.set $two
              (i8x16.swizzle
                (v128.load64_zero (local.get $pixel))
                (v128.const i8x16 0 -1 3 -1 1 -1 4 -1 2 -1 5 -1 -1 -1 -1 -1)))
            (local.set $below
              (i8x16.swizzle
                (v128.load64_zero (i32.add (local.get $pixel) (local.get $stride)))
                (v128.const i8x16 0 -1 3 -1 1 -1 4 -1 2 -1 5 -1 -1 -1 -1 -1)))
            (local.set $lowWeights (v128.load32_splat (local.get $tap)))
            (local.set $highWeights (v128.load32_splat offset=4 (local.get $tap)))
            (local.set $low (i32x4.add (local.get $low) (i32x4.dot_i16x8_s (local.get $two) (local.get $lowWeights))))
            (local.set $high (i32x4.add (local.get $high) (i32x4.dot_i16x8_s (local.get $two) (local.get $highWeights))))
            (local.set $lowBelow
              (i32x4.add (local.get $lowBelow) (i32x4.dot_i16x8_s (local.get $below) (local.get $lowWeights))))
            (local.set $highBelow
              (i32x4.add (local.get $highBelow) (i32x4.dot_i16x8_s (local.get $below) (local.get $highWeights))))
            (local.set $tap (i32.add (local.get $tap) (i32.const 8)))
            (local.set $pixel (i32.add (local.get $pixel) (i32.const 6)))
            (br_if $pair (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
          ;; both rows as bytes: r g b - R G B -
          (local.set $low
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (i32x4.add (local.get $low) (i32x4.shl (local.get $high) (i32.const 11))) (i32.const 22))
              (i32x4.shr_s
                (i32x4.add (local.get $lowBelow) (i32x4.shl (local.get $highBelow) (i32.const 11))) (i32.const 22))))
          (local.set $low (i8x16.narrow_i16x8_u (local.get $low) (local.get $low)))
          (v128.store32_lane 0 (local.get $to) (local.get $low))
          (v128.store32_lane 1 (i32.add (local.get $to) (local.get $outStride)) (local.get $low))
          (local.set $to (i32.add (local.get $to) (i32.const 3)))
          (br_if $column (local.tee $x (i32.sub (local.get $x) (i32.const 1)))))
        (local.set $source (i32.add (local.get $source) (i32.shl (local.get $stride) (i32.const 1))))
        (local.set $out (i32.add (local.get $out) (i32.shl (local.get $outStride) (i32.const 1))))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 2)))
        (br $rowPair)))
    (block $done
      (loop $row
        (br_if $done (i32.eqz (local.get $rows)))
        (local.set $tap (local.get $taps))
        (local.set $to (local.get $out))
        (local.set $x (local.get $count))
        (loop $column
          (local.set $pixel (i32.add (local.get $source) (i32.load (local.get $tap))))
          (local.set $tap (i32.add (local.get $tap) (i32.const 4)))
          (local.set $low (v128.const i32x4 0x200000 0x200000 0x200000 0x200000)) ;; one half: the result is rounded
          (local.set $high (v128.const i32x4 0 0 0 0))
          (local.set $k (local.get $pairs))
          (loop $pair
            ;; r0 g0 b0 r1 g1 b1 -> 16-bit lanes r0 r1 g0 g1 b0 b1 0 0
            (local.set $two
              (i8x16.swizzle
                (v128.load64_zero (local.get $pixel))
                (v128.const i8x16 0 -1 3 -1 1 -1 4 -1 2 -1 5 -1 -1 -1 -1 -1)))
            (local.set $low (i32x4.add (local.get $low)
              (i32x4.dot_i16x8_s (local.get $two) (v128.load32_splat (local.get $tap)))))
            (local.set $high (i32x4.add (local.get $high)
              (i32x4.dot_i16x8_s (local.get $two) (v128.load32_splat offset=4 (local.get $tap)))))
            (local.set $tap (i32.add (local.get $tap) (i32.const 8)))
            (local.set $pixel (i32.add (local.get $pixel) (i32.const 6)))
            (br_if $pair (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
          (local.set $low (i32x4.shr_s
            (i32x4.add (local.get $low) (i32x4.shl (local.get $high) (i32.const 11))) (i32.const 22)))
          (local.set $low (i16x8.narrow_i32x4_s (local.get $low) (local.get $low)))
          (v128.store32_lane 0 (local.get $to) (i8x16.narrow_i16x8_u (local.get $low) (local.get $low)))
          (local.set $to (i32.add (local.get $to) (i32.const 3)))
          (br_if $column (local.tee $x (i32.sub (local.get $x) (i32.const 1)))))
        (local.set $source (i32.add (local.get $source) (local.get $stride)))
        (local.set $out (i32.add (local.get $out) (local.get $outStride)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br $row))))

  ;; rows of `width` bytes, `stride` apart -> `count` rows of `width` bytes, `stride` apart.
  ;; Works in steps of 8 bytes: `stride` is at least `width` rounded up to 8.
  (func (export "vertical")
    (param $source i32) (param $stride i32) (param $width i32)
    (param $taps i32) (param $count i32) (param $pairs i32) (param $out i32)
    (local $x i32) (local $k i32) (local $tap i32) (local $at i32)
    (local $two v128) (local $left v128) (local $right v128) (local $lowWeights v128) (local $highWeights v128)
    (local $lowLeft v128) (local $lowRight v128) (local $highLeft v128) (local $highRight v128)
    (local $above v128) (local $below v128) (local $leftOver v128) (local $rightOver v128)
    (local $lowLeftOver v128) (local $lowRightOver v128) (local $highLeftOver v128) (local $highRightOver v128)
    (block $done
      (loop $row
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $x (i32.const 0))
        ;; 16 bytes at a time as long as there are so many: weights are read half as often
        (block $narrow
          (loop $wide
            (br_if $narrow (i32.lt_u (i32.sub (local.get $width) (local.get $x)) (i32.const 16)))
            (local.set $at (i32.add (i32.add (local.get $source) (i32.load (local.get $taps))) (local.get $x)))
            (local.set $tap (i32.add (local.get $taps) (i32.const 4)))
            (local.set $lowLeft (v128.const i32x4 0x200000 0x200000 0x200000 0x200000)) ;; one half
            (local.set $lowRight (local.get $lowLeft))
            (local.set $lowLeftOver (local.get $lowLeft))
            (local.set $lowRightOver (local.get $lowLeft))
            (local.set $highLeft (v128.const i32x4 0 0 0 0))
            (local.set $highRight (local.get $highLeft))
            (local.set $highLeftOver (local.get $highLeft))
            (local.set $highRightOver (local.get $highLeft))
            (local.set $k (local.get $pairs))
            (loop $pair
              (local.set $above (v128.load (local.get $at)))
              (local.set $below (v128.load (i32.add (local.get $at) (local.get $stride))))
              (local.set $two
                (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $above) (local.get $below)))
              (local.set $left (i16x8.extend_low_i8x16_u (local.get $two)))
              (local.set $right (i16x8.extend_high_i8x16_u (local.get $two)))
              (local.set $two
                (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31 (local.get $above) (local.get $below)))
              (local.set $leftOver (i16x8.extend_low_i8x16_u (local.get $two)))
              (local.set $rightOver (i16x8.extend_high_i8x16_u (local.get $two)))
              (local.set $lowWeights (v128.load32_splat (local.get $tap)))
              (local.set $highWeights (v128.load32_splat offset=4 (local.get $tap)))
              (local.set $lowLeft
                (i32x4.add (local.get $lowLeft) (i32x4.dot_i16x8_s (local.get $left) (local.get $lowWeights))))
              (local.set $lowRight
                (i32x4.add (local.get $lowRight) (i32x4.dot_i16x8_s (local.get $right) (local.get $lowWeights))))
              (local.set $lowLeftOver
                (i32x4.add (local.get $lowLeftOver) (i32x4.dot_i16x8_s (local.get $leftOver) (local.get $lowWeights))))
              (local.set $lowRightOver
                (i32x4.add (local.get $lowRightOver) (i32x4.dot_i16x8_s (local.get $rightOver) (local.get $lowWeights))))
              (local.set $highLeft
                (i32x4.add (local.get $highLeft) (i32x4.dot_i16x8_s (local.get $left) (local.get $highWeights))))
              (local.set $highRight
                (i32x4.add (local.get $highRight) (i32x4.dot_i16x8_s (local.get $right) (local.get $highWeights))))
              (local.set $highLeftOver
                (i32x4.add (local.get $highLeftOver) (i32x4.dot_i16x8_s (local.get $leftOver) (local.get $highWeights))))
              (local.set $highRightOver
                (i32x4.add (local.get $highRightOver) (i32x4.dot_i16x8_s (local.get $rightOver) (local.get $highWeights))))
              (local.set $tap (i32.add (local.get $tap) (i32.const 8)))
              (local.set $at (i32.add (local.get $at) (i32.shl (local.get $stride) (i32.const 1))))
              (br_if $pair (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
            (v128.store
              (i32.add (local.get $out) (local.get $x))
              (i8x16.narrow_i16x8_u
                (i16x8.narrow_i32x4_s
                  (i32x4.shr_s
                    (i32x4.add (local.get $lowLeft) (i32x4.shl (local.get $highLeft) (i32.const 11))) (i32.const 22))
                  (i32x4.shr_s
                    (i32x4.add (local.get $lowRight) (i32x4.shl (local.get $highRight) (i32.const 11))) (i32.const 22)))
                (i16x8.narrow_i32x4_s
                  (i32x4.shr_s
                    (i32x4.add (local.get $lowLeftOver) (i32x4.shl (local.get $highLeftOver) (i32.const 11))) (i32.const 22))
                  (i32x4.shr_s
                    (i32x4.add (local.get $lowRightOver) (i32x4.shl (local.get $highRightOver) (i32.const 11))) (i32.const 22)))))
            (local.set $x (i32.add (local.get $x) (i32.const 16)))
            (br $wide)))
        (block $whole
        (br_if $whole (i32.ge_u (local.get $x) (local.get $width)))
        (loop $chunk
          (local.set $at (i32.add (i32.add (local.get $source) (i32.load (local.get $taps))) (local.get $x)))
          (local.set $tap (i32.add (local.get $taps) (i32.const 4)))
          (local.set $lowLeft (v128.const i32x4 0x200000 0x200000 0x200000 0x200000)) ;; one half
          (local.set $lowRight (local.get $lowLeft))
          (local.set $highLeft (v128.const i32x4 0 0 0 0))
          (local.set $highRight (local.get $highLeft))
          (local.set $k (local.get $pairs))
          (loop $pair
            ;; bytes a0 b0 a1 b1 ... a7 b7 of this row and the next, then as 16-bit lanes
            (local.set $two
              (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
                (v128.load64_zero (local.get $at))
                (v128.load64_zero (i32.add (local.get $at) (local.get $stride)))))
            (local.set $left (i16x8.extend_low_i8x16_u (local.get $two)))
            (local.set $right (i16x8.extend_high_i8x16_u (local.get $two)))
            (local.set $lowWeights (v128.load32_splat (local.get $tap)))
            (local.set $highWeights (v128.load32_splat offset=4 (local.get $tap)))
            (local.set $lowLeft
              (i32x4.add (local.get $lowLeft) (i32x4.dot_i16x8_s (local.get $left) (local.get $lowWeights))))
            (local.set $lowRight
              (i32x4.add (local.get $lowRight) (i32x4.dot_i16x8_s (local.get $right) (local.get $lowWeights))))
            (local.set $highLeft
              (i32x4.add (local.get $highLeft) (i32x4.dot_i16x8_s (local.get $left) (local.get $highWeights))))
            (local.set $highRight
              (i32x4.add (local.get $highRight) (i32x4.dot_i16x8_s (local.get $right) (local.get $highWeights))))
            (local.set $tap (i32.add (local.get $tap) (i32.const 8)))
            (local.set $at (i32.add (local.get $at) (i32.shl (local.get $stride) (i32.const 1))))
            (br_if $pair (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
          (local.set $two
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s
                (i32x4.add (local.get $lowLeft) (i32x4.shl (local.get $highLeft) (i32.const 11))) (i32.const 22))
              (i32x4.shr_s
                (i32x4.add (local.get $lowRight) (i32x4.shl (local.get $highRight) (i32.const 11))) (i32.const 22))))
          (v128.store64_lane 0
            (i32.add (local.get $out) (local.get $x)) (i8x16.narrow_i16x8_u (local.get $two) (local.get $two)))
          (local.set $x (i32.add (local.get $x) (i32.const 8)))
          (br_if $chunk (i32.lt_u (local.get $x) (local.get $width)))))
        (local.set $taps (local.get $tap))
        (local.set $out (i32.add (local.get $out) (local.get $stride)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $row))))
)
