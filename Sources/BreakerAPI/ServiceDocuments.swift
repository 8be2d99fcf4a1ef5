/// The answer to the deletion of all breakers with a prefix.
package struct DeletedDocument: Document {
    /// The number of deleted breakers.
    package var deleted: Int

    package init(deleted: Int) { self.deleted = deleted }
}
