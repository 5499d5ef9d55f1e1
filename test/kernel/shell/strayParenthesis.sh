echo one; )
