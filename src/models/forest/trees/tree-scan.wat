;; The loops of a tree's splits: sorting a node's rows by the bins of a feature, and the scan over its cuts.
;;
;; A sort key is a bin above the place of a row in its node, so keys are distinct and every sort gives the same order.
;; Sums are those of the plain loops in tree-scan.kernel.ts, in the same order, so the cuts are the same to the bit.
;;
;; scripts/wasm/build.ts makes tree-scan-wasm.ts of this file.
(module
  (memory (export "memory") 1)

  ;; Sorts the columns of a [count, 8] array of uint16, each for itself, count >= 2: Batcher's merge exchange (Knuth,
  ;; The Art of Computer Programming, 5.2.2, algorithm M), whose comparisons do not depend on the data.
  (func (export "sortFew") (param $keys i32) (param $count i32)
    (local $half i32) (local $p i32) (local $q i32) (local $r i32) (local $d i32)
    (local $run i32) (local $at i32) (local $runEnd i32) (local $end i32) (local $other i32)
    (local $low v128) (local $high v128)
    ;; Distances in bytes, 16 per row of the array.
    (local.set $half (i32.shl (i32.const 16)
      (i32.sub (i32.const 31) (i32.clz (i32.sub (local.get $count) (i32.const 1))))))
    (local.set $count (i32.shl (local.get $count) (i32.const 4)))
    (local.set $p (local.get $half))
    (loop $merges
      (local.set $q (local.get $half))
      (local.set $r (i32.const 0))
      (local.set $d (local.get $p))
      (block $merged (loop $passes
        (local.set $end (i32.sub (i32.add (local.get $keys) (local.get $count)) (local.get $d)))
        (local.set $run (i32.add (local.get $keys) (local.get $r)))
        (block $passed (loop $runs
          (br_if $passed (i32.ge_u (local.get $run) (local.get $end)))
          (local.set $at (local.get $run))
          (local.set $runEnd (i32.add (local.get $run) (local.get $p)))
          (if (i32.gt_u (local.get $runEnd) (local.get $end)) (then (local.set $runEnd (local.get $end))))
          (loop $pairs
            (local.set $other (i32.add (local.get $at) (local.get $d)))
            (local.set $low (v128.load (local.get $at)))
            (local.set $high (v128.load (local.get $other)))
            (v128.store (local.get $at) (i16x8.min_u (local.get $low) (local.get $high)))
            (v128.store (local.get $other) (i16x8.max_u (local.get $low) (local.get $high)))
            (br_if $pairs
              (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $runEnd))))
          (local.set $run (i32.add (local.get $run) (i32.shl (local.get $p) (i32.const 1))))
          (br $runs)))
        (br_if $merged (i32.eq (local.get $q) (local.get $p)))
        (local.set $d (i32.sub (local.get $q) (local.get $p)))
        (local.set $q (i32.shr_u (local.get $q) (i32.const 1)))
        (local.set $r (local.get $p))
        (br $passes)))
      (br_if $merges
        (i32.ge_u (local.tee $p (i32.shr_u (local.get $p) (i32.const 1))) (i32.const 16)))))

  ;; Counting sort of `size` bins, one byte each, into uint32 keys of a bin above 22 bits of place.
  ;; starts: 256 int32 of scratch.
  (func (export "sortMany") (param $bins i32) (param $size i32) (param $keys i32) (param $starts i32)
    (local $i i32) (local $bin i32) (local $at i32) (local $sum i32) (local $next i32)
    (loop $clear
      (v128.store (i32.add (local.get $starts) (local.get $i)) (v128.const i32x4 0 0 0 0))
      (br_if $clear (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (i32.const 1024))))
    (local.set $i (i32.const 0))
    (loop $count
      (local.set $at (i32.add (local.get $starts)
        (i32.shl (i32.load8_u (i32.add (local.get $bins) (local.get $i))) (i32.const 2))))
      (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (i32.const 1)))
      (br_if $count (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $size))))
    ;; From counts to the addresses of the keys.
    (local.set $sum (local.get $keys))
    (local.set $i (i32.const 0))
    (loop $sums
      (local.set $at (i32.add (local.get $starts) (local.get $i)))
      (local.set $next (i32.add (local.get $sum) (i32.shl (i32.load (local.get $at)) (i32.const 2))))
      (i32.store (local.get $at) (local.get $sum))
      (local.set $sum (local.get $next))
      (br_if $sums (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 1024))))
    (local.set $i (i32.const 0))
    (loop $place
      (local.set $bin (i32.load8_u (i32.add (local.get $bins) (local.get $i))))
      (local.set $at (i32.add (local.get $starts) (i32.shl (local.get $bin) (i32.const 2))))
      (local.set $sum (i32.load (local.get $at)))
      (i32.store (local.get $sum) (i32.or (i32.shl (local.get $bin) (i32.const 22)) (local.get $i)))
      (i32.store (local.get $at) (i32.add (local.get $sum) (i32.const 4)))
      (br_if $place (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $size)))))

  ;; The best cut of one feature, its keys sorted; see scanCuts in tree-scan.kernel.ts. Keys lie `stride` bytes apart
  ;; and hold a bin above `shift` bits of place once `mask` is laid on them. weights: float64 per place; classes: int32
  ;; per place; table: per class the weight moved so far, zero on entry and return, and twice the node's, float64.
  ;; The gain is float64 at byte 0 of the memory.
  (func (export "scan")
    (param $keys i32) (param $stride i32) (param $mask i32) (param $shift i32)
    (param $size i32) (param $minLeaf i32) (param $weightSum f64) (param $squareSum f64) (param $floor f64)
    (param $weights i32) (param $classes i32) (param $table i32) (param $classCount i32)
    (result i32)
    (local $placeMask i32) (local $firstBin i32) (local $at i32) (local $key i32) (local $next i32)
    (local $place i32) (local $entry i32) (local $bestBin i32) (local $cutCount i32)
    (local $weight f64) (local $moved f64) (local $best f64)
    (local $right f64) (local $rightSquares f64) (local $left f64) (local $leftSquares f64)
    (local $numerator f64) (local $denominator f64)
    (local.set $placeMask (i32.sub (i32.shl (i32.const 1) (local.get $shift)) (i32.const 1)))
    (local.set $firstBin (i32.shr_u
      (i32.and (i32.load (local.get $keys)) (local.get $mask)) (local.get $shift)))
    (local.set $at (i32.sub (local.get $size) (i32.const 1)))
    (local.set $keys (i32.add (local.get $keys) (i32.mul (local.get $at) (local.get $stride))))
    (local.set $key (i32.and (i32.load (local.get $keys)) (local.get $mask)))
    (if (i32.eq (i32.shr_u (local.get $key) (local.get $shift)) (local.get $firstBin))
      (then (return (i32.const -2))))
    ;; Cuts with `at` rows on the left are allowed where at - minLeaf, taken as unsigned, is at most this.
    (local.set $cutCount (i32.sub (local.get $size) (i32.shl (local.get $minLeaf) (i32.const 1))))
    (local.set $bestBin (i32.const -1))
    (local.set $best (local.get $floor))
    (local.set $leftSquares (local.get $squareSum))
    (loop $rows
      (local.set $place (i32.and (local.get $key) (local.get $placeMask)))
      (local.set $weight (f64.load (i32.add (local.get $weights) (i32.shl (local.get $place) (i32.const 3)))))
      (local.set $entry (i32.add (local.get $table) (i32.shl
        (i32.load (i32.add (local.get $classes) (i32.shl (local.get $place) (i32.const 2)))) (i32.const 4))))
      (local.set $moved (f64.load (local.get $entry)))
      (f64.store (local.get $entry) (f64.add (local.get $moved) (local.get $weight)))
      ;; The class's weight squared grows by w (2 moved + w) on the right, and on the left falls by w (2 total) less that.
      (local.set $moved (f64.mul (local.get $weight)
        (f64.add (f64.add (local.get $moved) (local.get $moved)) (local.get $weight))))
      (local.set $rightSquares (f64.add (local.get $rightSquares) (local.get $moved)))
      (local.set $leftSquares (f64.sub (local.get $leftSquares) (f64.sub
        (f64.mul (local.get $weight) (f64.load offset=8 (local.get $entry))) (local.get $moved))))
      (local.set $right (f64.add (local.get $right) (local.get $weight)))
      (local.set $left (f64.sub (local.get $weightSum) (local.get $right)))
      (local.set $keys (i32.sub (local.get $keys) (local.get $stride)))
      (local.set $next (i32.and (i32.load (local.get $keys)) (local.get $mask)))
      (local.set $numerator (f64.add
        (f64.mul (local.get $rightSquares) (local.get $left)) (f64.mul (local.get $leftSquares) (local.get $right))))
      (local.set $denominator (f64.mul (local.get $left) (local.get $right)))
      (if (i32.and
            (i32.and
              (f64.gt (local.get $numerator) (f64.mul (local.get $floor) (local.get $denominator)))
              (f64.gt (local.get $left) (f64.const 0)))
            (i32.and
              (i32.ne (i32.shr_u (local.get $next) (local.get $shift)) (i32.shr_u (local.get $key) (local.get $shift)))
              (i32.le_u (i32.sub (local.get $at) (local.get $minLeaf)) (local.get $cutCount))))
        (then
          (local.set $best (f64.div (local.get $numerator) (local.get $denominator)))
          (local.set $floor (f64.mul (local.get $best) (f64.const 0.9999999999999)))
          (local.set $bestBin (i32.shr_u (local.get $next) (local.get $shift)))))
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (local.set $key (local.get $next))
      (br_if $rows (i32.ne (i32.shr_u (local.get $key) (local.get $shift)) (local.get $firstBin))))
    (local.set $at (i32.const 0))
    (loop $clear
      (f64.store (local.get $table) (f64.const 0))
      (local.set $table (i32.add (local.get $table) (i32.const 16)))
      (br_if $clear (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $classCount))))
    (f64.store (i32.const 0) (local.get $best))
    (local.get $bestBin)))
