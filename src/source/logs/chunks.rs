//! Splits lists of values into as many as fit into one query.

/// A list parameter is split into chunks of at most this many values and `CHUNK_BYTES` bytes.
const CHUNK_VALUES: usize = 500;
const CHUNK_BYTES: usize = 64 * 1024;

/// Splits things into chunks whose values fit into one query. `values` returns the values of a thing.
pub fn chunks<T>(things: Vec<T>, values: impl Fn(&T) -> Vec<String>) -> Vec<Vec<T>> {
    let mut chunks: Vec<Vec<T>> = Vec::new();
    let (mut count, mut bytes) = (0, 0);
    for thing in things {
        let values = values(&thing);
        let (values, size) = (
            values.len(),
            values.iter().map(|value| value.len() + 4).sum::<usize>(),
        );
        match chunks.last_mut() {
            Some(chunk) if count + values <= CHUNK_VALUES && bytes + size <= CHUNK_BYTES => {
                chunk.push(thing)
            }
            _ => {
                chunks.push(vec![thing]);
                (count, bytes) = (0, 0);
            }
        }
        count += values;
        bytes += size;
    }
    chunks
}
