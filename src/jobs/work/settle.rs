//! What lost answers of `codegen` came to: whole batches, or a question for a person.

/// How doubtful batches and the codes that appeared fit together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::jobs) enum Match {
    /// These batches were made, by their index, and take all the codes; the others were not made.
    Whole(Vec<usize>),
    /// The codes make no whole batches.
    Unclear,
}

/// Which of the doubtful batches (by their sizes) `appeared` codes make up.
///
/// Batches of one size are interchangeable, so it does not matter which of them is meant. A job has batches of one
/// size and at most one smaller remainder, so there is at most one way to make up a number of codes; should there
/// ever be more sizes, the larger batches are taken first, and what then does not fit is unclear.
pub(in crate::jobs) fn whole_batches(sizes: &[u32], appeared: usize) -> Match {
    let mut by_size: Vec<usize> = (0..sizes.len()).collect();
    by_size.sort_by_key(|&index| std::cmp::Reverse(sizes.get(index).copied()));
    let mut left = appeared;
    let mut made = Vec::new();
    for index in by_size {
        let size = sizes.get(index).map_or(0, |&size| size as usize);
        if size > 0 && size <= left {
            left -= size;
            made.push(index);
        }
    }
    made.sort_unstable();
    if left == 0 { Match::Whole(made) } else { Match::Unclear }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_appeared_so_nothing_was_made() {
        assert_eq!(whole_batches(&[250, 250, 40], 0), Match::Whole(Vec::new()));
    }

    #[test]
    fn whole_batches_are_told_from_parts_of_them() {
        for (appeared, expected) in [
            (250, Match::Whole(vec![0])),
            (500, Match::Whole(vec![0, 1])),
            (40, Match::Whole(vec![2])),
            (290, Match::Whole(vec![0, 2])),
            (540, Match::Whole(vec![0, 1, 2])),
            (249, Match::Unclear),
            (251, Match::Unclear),
            (41, Match::Unclear),
            (750, Match::Unclear),
        ] {
            assert_eq!(whole_batches(&[250, 250, 40], appeared), expected, "{appeared}");
        }
    }

    proptest! {
        #[test]
        fn any_number_of_whole_batches_and_the_remainder_is_recognised(
            full in 0_usize..9, made in 0_usize..9, rest in 0_u32..250, rest_made: bool,
        ) {
            let mut sizes = vec![250; full];
            if rest > 0 {
                sizes.push(rest);
            }
            let made = made.min(full);
            let appeared = made * 250 + if rest_made { rest as usize } else { 0 };
            let Match::Whole(found) = whole_batches(&sizes, appeared) else {
                return Err(TestCaseError::fail("whole batches were not recognised"));
            };
            let sum: u32 = found.iter().map(|&index| sizes[index]).sum();
            prop_assert_eq!(sum as usize, appeared);
        }

        #[test]
        fn a_part_of_a_batch_is_never_taken_for_one(full in 0_usize..9, appeared in 1_usize..2_000) {
            let sizes = vec![250; full];
            let whole = appeared.is_multiple_of(250) && appeared / 250 <= full;
            prop_assert_eq!(whole_batches(&sizes, appeared) != Match::Unclear, whole);
        }
    }
}
