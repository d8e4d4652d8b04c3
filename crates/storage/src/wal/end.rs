//! Where a chain ends: the rule alone, without a disk.

use super::{ChainEnd, Listed, Named, WalSeq};

/// Decides a chain's end from the blocks that were found, in order.
///
/// A block that is missing or not whole is the end, unless a later block says that it was durable, or the end that was
/// written down when it was found whole: then it is damage. (A later block's own body may be bad: its header, which has
/// a checksum, was true when it was written.) So is one that is there and cannot be read: no power cut leaves that.
///
/// ```text
///   found       5  6  ×  8        durable_below of 8 is 8:  7 was durable, so it is damage, and 8 the end
///               5  6  ×  8        durable_below of 8 is 4:  6 is the end (8 was never acknowledged)
/// ```
pub fn decide(named: Named, found: &[Listed]) -> ChainEnd {
    let Named { from, end: known, .. } = named;
    // what is known to have been durable, whatever is found of it
    let proven = found.iter().map(|block| block.durable_below.0.saturating_sub(1)).max().unwrap_or(0);
    let proven = known.map_or(proven, |known| known.0);
    let last = known.map_or(u64::MAX, |known| known.0);
    let mut end = ChainEnd { end: WalSeq(from.0.saturating_sub(1)), ..ChainEnd::default() };
    let mut blocks = found.iter().filter(|block| block.seq >= from).peekable();
    for number in from.0..=last {
        let block = blocks.next_if(|block| block.seq.0 == number);
        let whole = block.is_some_and(|block| block.whole);
        if !whole && number > proven && !block.is_some_and(|block| block.unreadable) {
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
    use crate::wal::ChainId;

    fn check(blocks: &[(u64, u64, bool)], end: u64, damaged: &[u64]) {
        let found: Vec<Listed> =
            blocks.iter().map(|&(seq, below, whole)| listed(seq, below, whole)).collect();
        check_found(&found, None, end, damaged);
    }

    fn listed(seq: u64, below: u64, whole: bool) -> Listed {
        let (seq, durable_below) = (WalSeq(seq), WalSeq(below));
        Listed { seq, length: 4096, durable_below, whole, unreadable: false }
    }

    fn check_found(blocks: &[Listed], known: Option<u64>, end: u64, damaged: &[u64]) {
        let named = Named { chain: ChainId::default(), from: WalSeq(5), end: known.map(WalSeq) };
        let decided = decide(named, blocks);
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
    #[test]
    fn an_end_that_was_written_down_stands() {
        let found = [listed(5, 5, true), listed(6, 6, false)];
        check_found(&found, Some(6), 6, &[6]);
        check_found(&found[..1], Some(7), 7, &[6, 7]);
        check_found(&found, Some(5), 5, &[]);
        check_found(&found, Some(4), 4, &[]);
        check_found(&[], Some(6), 6, &[5, 6]);
    }

    #[test]
    fn what_cannot_be_read_is_no_end() {
        let bad = |seq| Listed { unreadable: true, ..listed(seq, 5, false) };
        check_found(&[listed(5, 5, true), bad(6)], None, 6, &[6]);
        check_found(&[bad(5), bad(6), listed(7, 5, false)], None, 6, &[5, 6]);
        check_found(&[listed(5, 5, true), bad(7)], None, 5, &[]);
    }
}
