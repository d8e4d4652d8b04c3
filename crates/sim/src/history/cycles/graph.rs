//! A directed graph and its cycles: strongly connected parts by Tarjan's algorithm (without recursion, histories are
//! long), and in each the shortest way round from one of its nodes.

use std::collections::VecDeque;

use thalweg_model::collections::HashMap;

/// How many cycles are looked for: one shows what is wrong, a million do not show more.
const CYCLES_MAX: usize = 50;
const NONE: u32 = u32::MAX;

/// Nodes are numbers from 0.
pub(super) struct Graph {
    nodes: usize,
    edges: Vec<(u32, u32)>,
}

/// Who follows each node.
struct Followers {
    starts: Vec<u32>,
    targets: Vec<u32>,
}

impl Graph {
    pub(super) fn new(nodes: usize) -> Self {
        Self { nodes, edges: Vec::new() }
    }

    /// One node more.
    pub(super) fn node(&mut self) -> usize {
        self.nodes += 1;
        assert!(self.nodes < NONE as usize, "a history has fewer than two thousand million operations");
        self.nodes - 1
    }

    pub(super) fn edge(&mut self, from: usize, to: usize) {
        if from != to {
            self.edges.push((from as u32, to as u32));
        }
    }

    /// A cycle of each part that has any.
    pub(super) fn cycles(mut self) -> Vec<Vec<usize>> {
        self.edges.sort_unstable();
        self.edges.dedup();
        let mut starts = vec![0; self.nodes + 1];
        for (from, _) in &self.edges {
            starts[*from as usize + 1] += 1;
        }
        for node in 0..self.nodes {
            starts[node + 1] += starts[node];
        }
        let followers = Followers { starts, targets: self.edges.iter().map(|(_, to)| *to).collect() };
        let parts = followers.parts();
        parts.iter().take(CYCLES_MAX).map(|part| followers.way_round(part)).collect()
    }
}

impl Followers {
    fn of(&self, node: u32) -> &[u32] {
        &self.targets[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    /// The strongly connected parts of more than one node.
    fn parts(&self) -> Vec<Vec<u32>> {
        let nodes = self.starts.len() - 1;
        let mut number = vec![NONE; nodes];
        let mut lowest = vec![NONE; nodes];
        let mut is_open = vec![false; nodes];
        let (mut stack, mut path, mut parts, mut next) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for root in 0..nodes as u32 {
            if number[root as usize] != NONE {
                continue;
            }
            path.push((root, 0));
            while let Some((node, seen)) = path.last_mut() {
                let at = *node as usize;
                if *seen == 0 && number[at] == NONE {
                    (number[at], lowest[at], is_open[at]) = (next, next, true);
                    next += 1;
                    stack.push(*node);
                }
                if let Some(follower) = self.of(*node).get(*seen) {
                    *seen += 1;
                    let to = *follower as usize;
                    if number[to] == NONE {
                        path.push((*follower, 0));
                    } else if is_open[to] {
                        lowest[at] = lowest[at].min(number[to]);
                    }
                    continue;
                }
                path.pop();
                if let Some((above, _)) = path.last() {
                    let above = *above as usize;
                    lowest[above] = lowest[above].min(lowest[at]);
                }
                if lowest[at] == number[at] {
                    let mut part = Vec::new();
                    while let Some(member) = stack.pop() {
                        is_open[member as usize] = false;
                        part.push(member);
                        if member as usize == at {
                            break;
                        }
                    }
                    if part.len() > 1 {
                        parts.push(part);
                    }
                }
            }
        }
        parts
    }

    /// A shortest cycle through the first node of a part.
    fn way_round(&self, part: &[u32]) -> Vec<usize> {
        let home = part.iter().copied().min().expect("a part has nodes");
        let members: thalweg_model::collections::HashSet<u32> = part.iter().copied().collect();
        let mut came_from: HashMap<u32, u32> = HashMap::default();
        let mut queue = VecDeque::from([home]);
        while let Some(node) = queue.pop_front() {
            for follower in self.of(node).iter().copied().filter(|follower| members.contains(follower)) {
                if follower == home {
                    let mut way = vec![node as usize];
                    let mut at = node;
                    while let Some(before) = came_from.get(&at) {
                        way.push(*before as usize);
                        at = *before;
                    }
                    way.reverse();
                    return way;
                }
                if !came_from.contains_key(&follower) {
                    came_from.insert(follower, node);
                    queue.push_back(follower);
                }
            }
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Graph;

    fn cycles(nodes: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
        let mut graph = Graph::new(nodes);
        for (from, to) in edges {
            graph.edge(*from, *to);
        }
        graph.cycles()
    }

    #[test]
    fn cycles_are_found_and_nothing_else() {
        assert!(cycles(4, &[(0, 1), (1, 2), (0, 2), (2, 3)]).is_empty());
        assert_eq!(cycles(4, &[(0, 1), (1, 2), (2, 3), (3, 1)]), [vec![1, 2, 3]]);
        assert_eq!(cycles(5, &[(0, 1), (1, 0), (3, 4), (4, 3), (1, 3)]).len(), 2);
        assert_eq!(cycles(5, &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (2, 0)]), [vec![0, 1, 2]]);
    }

    #[test]
    fn long_lines_need_no_stack() {
        let line: Vec<_> = (0..300_000).map(|node| (node, node + 1)).collect();
        assert!(cycles(300_001, &line).is_empty());
    }
}
