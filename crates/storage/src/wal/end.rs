//! Where a chain ends: the rule alone, without a disk.

use super::{ChainEnd, Listed, WalSeq};

/// Decides a chain's end from the blocks that were found, in order, `from` being the first one that can count.
///
/// A block that is missing or not whole is the end, unless a later block says that it was durable: then it is damage.
/// (A later block's own body may be bad: its header, which has a checksum, was true when it was written.)
///
/// ```text
///   found       5  6  ×  8        durable_below of 8 is 8:  7 was durable, so it is damage, and 8 the end
///               5  6  ×  8        durable_below of 8 is 4:  6 is the end (8 was never acknowledged)
/// ```
pub fn decide(from: WalSeq, found: &[Listed]) -> ChainEnd {
    // what is known to have been durable, whatever is found of it
    let proven = found.iter().map(|block| block.durable_below.0.saturating_sub(1)).max().unwrap_or(0);
    let mut end = ChainEnd { end: WalSeq(from.0.saturating_sub(1)), ..ChainEnd::default() };
    let mut blocks = found.iter().filter(|block| block.seq >= from).peekable();
    for number in from.0.. {
        let whole = blocks.next_if(|block| block.seq.0 == number).is_some_and(|block| block.whole);
        if !whole && number > proven {
            break;
        }
        if !whole {
            end.damaged.push(WalSeq(number));
        }
        end.end = WalSeq(number);
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(blocks: &[(u64, u64, bool)], end: u64, damaged: &[u64]) {
        let found: Vec<Listed> = blocks
            .iter()
            .map(|&(seq, below, whole)| Listed {
                seq: WalSeq(seq),
                length: 4096,
                durable_below: WalSeq(below),
                whole,
            })
            .collect();
        let decided = decide(WalSeq(5), &found);
        assert_eq!(decided.end, WalSeq(end), "{blocks:?}");
        assert_eq!(decided.damaged, damaged.iter().map(|seq| WalSeq(*seq)).collect::<Vec<_>>(), "{blocks:?}");
    }

    #[test]
    fn the_first_bad_block_is_the_end_unless_a_later_one_proves_it() {
        check(&[], 4, &[]);
        check(&[(5, 5, true), (6, 6, true)], 6, &[]);
        check(&[(5, 5, true), (6, 6, false)], 5, &[]);
        check(&[(5, 5, false)], 4, &[]);
        // 7 says that all below 7 was durable
        check(&[(5, 5, true), (6, 6, false), (7, 7, true)], 7, &[6]);
        check(&[(5, 5, true), (7, 7, true)], 7, &[6]);
        check(&[(7, 7, false)], 6, &[5, 6]);
        // without syncs nothing is proven
        check(&[(5, 5, true), (7, 5, true)], 5, &[]);
        check(&[(5, 5, true), (6, 6, true), (8, 7, true)], 6, &[]);
    }
}
